/** Features over HTTP: the catalogue, how sources are joined, and how each source stands. */
import { get, patchTagged, post } from '@/shared/http/client'
import type { Precise, Schemas } from '@/shared/http/schema'
import type { Field } from '@/shared/FieldPicker/fields'

export type SourceState = 'up' | 'degraded' | 'down' | 'not_configured'
export type SourceHealth = Precise<Schemas['SourceHealth'], { state: SourceState }>
export type Policy = Schemas['StorePolicy']
export type PolicyChange = Partial<Pick<Policy, 'data_source' | 'merge_strategy' | 'cache_seconds' | 'stale_seconds'>>
export type FieldWords = Pick<Field, 'label' | 'unit' | 'category' | 'description' | 'null_kind' | 'null_meaning' | 'precedence'>

export interface XivaConnection {
  is_reachable: boolean
  breaker_state: string
  latency_ms: number | null
  code: string
  message: string
}

export const SOURCES = ['auto', 'dwh', 'xiva'] as const
export const STRATEGIES = ['xiva_first', 'dwh_first', 'merge'] as const

export const listHealth = async (signal?: AbortSignal): Promise<SourceHealth[]> => (await get<{ results: SourceHealth[] }>('features/health/', {}, signal)).results
export const getPolicy = (signal?: AbortSignal): Promise<Policy> => get<Policy>('config/features/', {}, signal)
export const changePolicy = async (part: PolicyChange): Promise<Policy> => (await patchTagged<Policy>('config/features/', part, null)).data
export const describeField = async (name: string, words: Partial<FieldWords>): Promise<unknown> => (await patchTagged<unknown>(`dwh/columns/${encodeURIComponent(name)}/`, words, null)).data
export const syncCatalogue = (): Promise<{ fields: number }> => post<{ fields: number }>('dwh/columns/sync/')
export const testXiva = (): Promise<XivaConnection> => post<XivaConnection>('xiva/test/')
