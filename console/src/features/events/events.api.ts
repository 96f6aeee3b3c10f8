/** Facts, their types, and dead letters over HTTP. */
import { get, post } from '@/shared/http/client'
import type { Page } from '@/shared/http/pages'

export interface Fact {
  id: string
  type: string
  version: number
  key: string
  subject_kind: string
  subject_ref: string
  occurred_at: string
  recorded_at: string
  /** The fact that began what this one belongs to; of facts from before it was kept nothing. */
  correlation_id: string | null
  /** The fact that led to this one. */
  causation_id: string | null
  data: Record<string, unknown>
}

export interface Schema {
  type?: string
  format?: string
  title?: string
  items?: Schema
  anyOf?: Schema[]
  properties?: Record<string, Schema>
  required?: string[]
}

export interface EventType {
  type: string
  version: number
  title: string
  handled_by: string[]
  schema: Schema
  /** Among the newest 50,000 facts. */
  seen_count: number
  last_seen_at: string | null
}

export interface Letter {
  id: number
  handler: string
  event_id: string
  type: string
  key: string
  attempts: number
  last_error: string
  due_at: string
}

export const listFacts = (params: Record<string, unknown>, signal?: AbortSignal): Promise<Page<Fact>> => get<Page<Fact>>('events/', params, signal)
export const getFact = (id: string, signal?: AbortSignal): Promise<Fact> => get<Fact>(`events/${id}/`, {}, signal)
/** How many facts are in line again; those from before an instant are kept no longer. */
export interface Replayed {
  count: number
  missing_until: string | null
}
export const replayFacts = (body: { handler: string; since: string; key: string }): Promise<Replayed> => post<Replayed>('events/replay/', body)
export const listTypes = (signal?: AbortSignal): Promise<EventType[]> => get<EventType[]>('eventTypes/', {}, signal)
export const getType = (type: string, signal?: AbortSignal): Promise<EventType> => get<EventType>(`eventTypes/${type}/`, {}, signal)
export const listLetters = (params: Record<string, unknown>, signal?: AbortSignal): Promise<Page<Letter>> => get<Page<Letter>>('deadLetters/', params, signal)
export const replayLetter = (id: number): Promise<unknown> => post(`deadLetters/${id}/replay/`)
