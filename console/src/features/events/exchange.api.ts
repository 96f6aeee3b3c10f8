/** Webhook endpoints and their deliveries, mappings of foreign events, signed sources and dead messages over HTTP. */
import { get, patchTagged, post, remove } from '@/shared/http/client'
import type { Page } from '@/shared/http/pages'
import type { Replayed } from './events.api'

export const ORDERS = ['key', 'endpoint'] as const
export type Order = (typeof ORDERS)[number]
export const DELIVERY_STATES = ['PENDING', 'DELIVERED', 'FAILED'] as const

export interface Endpoint {
  id: string
  url: string
  description: string
  /** Names of facts, or beginnings with a star; none means all. */
  types: string[]
  order: Order
  state: 'ACTIVE' | 'PAUSED' | 'DISABLED'
  state_reason: string
  secret_overlaps_until: string | null
  failures_in_a_row: number
  circuit_open_until: string | null
  last_success_at: string | null
  version: number
  created_at: string
}
export type EndpointDraft = Pick<Endpoint, 'url' | 'description' | 'types' | 'order'>

export interface Delivery {
  id: string
  endpoint: string
  event_id: string
  type: string
  key: string
  state: (typeof DELIVERY_STATES)[number]
  attempts: number
  last_outcome: string
  created_at: string
  due_at: string
  delivered_at: string | null
}
export interface Try {
  at: string
  status_code: number | null
  outcome: string
  took_ms: number
  answer: string
}
export interface WholeDelivery extends Delivery {
  body: string
  tries: Try[]
}

export interface Mapping {
  id: string
  source: string
  name: string
  rank: number
  matches: Record<string, unknown>
  type: string
  id_path: string
  subject_path: string
  time_path: string
  data_paths: Record<string, string>
  is_active: boolean
  version: number
}
export type MappingDraft = Omit<Mapping, 'id' | 'version'>

export interface Trial {
  is_taken: boolean
  event: Record<string, unknown> | null
  code: string
  message: string
  /** The place in the event as it was read, and where in the sample that stood. */
  field: string
  path: string
  is_duplicate: boolean
  /** No domain takes the type in: it is published as it came. */
  is_passed_on: boolean
  /** What whoever posts it needs besides. */
  permission: string
}

export interface Source {
  id: string
  code: string
  name: string
  is_active: boolean
  created_at: string
}

export interface Message {
  id: string
  topic: string
  partition: number
  offset: number
  headers: Record<string, string>
  body: string
  code: string
  message: string
  died_at: string
}

/** What an edit was made on: who changed it meanwhile is not written over. */
export type Held = Pick<Endpoint, 'id' | 'version'>
const tagOf = (held: Held): string => `"${held.version}"`
const one = (id: string): string => `webhookEndpoints/${id}/`
export const listEndpoints = (params: Record<string, unknown>, signal?: AbortSignal): Promise<Page<Endpoint>> => get<Page<Endpoint>>('webhookEndpoints/', params, signal)
export const getEndpoint = (id: string, signal?: AbortSignal): Promise<Endpoint> => get<Endpoint>(one(id), {}, signal)
export const createEndpoint = (draft: EndpointDraft): Promise<Endpoint & { secret: string }> => post<Endpoint & { secret: string }>('webhookEndpoints/', draft)
export const changeEndpoint = async (held: Held, part: Partial<EndpointDraft> & { state?: 'ACTIVE' | 'PAUSED' }): Promise<Endpoint> => (await patchTagged<Endpoint>(one(held.id), part, tagOf(held))).data
export const removeEndpoint = (held: Held): Promise<void> => remove(one(held.id), tagOf(held))
export const rotateSecret = (id: string, overlapHours: number): Promise<{ secret: string }> => post<{ secret: string }>(`${one(id)}rotate/`, { overlap_hours: overlapHours })
export const sendTest = (id: string): Promise<Delivery> => post<Delivery>(`${one(id)}test/`)
export const replaySince = (id: string, since: string, key: string): Promise<Replayed> => post<Replayed>(`${one(id)}replay/`, { since, key })

export const listDeliveries = (params: Record<string, unknown>, signal?: AbortSignal): Promise<Page<Delivery>> => get<Page<Delivery>>('webhookDeliveries/', params, signal)
export const getDelivery = (id: string, signal?: AbortSignal): Promise<WholeDelivery> => get<WholeDelivery>(`webhookDeliveries/${id}/`, {}, signal)
export const replayDelivery = (id: string): Promise<Delivery> => post<Delivery>(`webhookDeliveries/${id}/replay/`)

export const listMappings = (params: Record<string, unknown>, signal?: AbortSignal): Promise<Page<Mapping>> => get<Page<Mapping>>('eventMappings/', params, signal)
export const getMapping = (id: string, signal?: AbortSignal): Promise<Mapping> => get<Mapping>(`eventMappings/${id}/`, {}, signal)
export const createMapping = (draft: MappingDraft): Promise<Mapping> => post<Mapping>('eventMappings/', draft)
export const changeMapping = async (held: Held, draft: Partial<MappingDraft>): Promise<Mapping> => (await patchTagged<Mapping>(`eventMappings/${held.id}/`, draft, tagOf(held))).data
export const removeMapping = (held: Held): Promise<void> => remove(`eventMappings/${held.id}/`, tagOf(held))
/** Reads a sample as it would be read if it came; without a mapping by the saved ones. Nothing is written. */
export const tryMapping = (source: string, sample: unknown, mapping: MappingDraft): Promise<Trial> => post<Trial>('eventMappings/try/', { source, sample, mapping })

export const listSources = (params: Record<string, unknown>, signal?: AbortSignal): Promise<Page<Source>> => get<Page<Source>>('eventSources/', params, signal)
export const createSource = (body: { code: string; name: string }): Promise<Source & { secret: string }> => post<Source & { secret: string }>('eventSources/', body)
export const closeSource = (id: string): Promise<void> => remove(`eventSources/${id}/`)

export const listMessages = (params: Record<string, unknown>, signal?: AbortSignal): Promise<Page<Message>> => get<Page<Message>>('deadMessages/', params, signal)
export const replayMessage = (id: string): Promise<{ is_taken: boolean; code: string; message: string }> => post(`deadMessages/${id}/replay/`)
