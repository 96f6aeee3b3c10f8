/** The contact policy and the suppressed addresses over HTTP. */
import { get, getTagged, post, putTagged, remove, type Tagged } from '@/shared/http/client'
import type { Page } from '@/shared/http/pages'

export const CHANNELS = ['email', 'sms', 'push', 'in_app', 'webhook', 'whatsapp'] as const
export type Channel = (typeof CHANNELS)[number]
export const PURPOSES = ['marketing', 'service'] as const
export type Purpose = (typeof PURPOSES)[number]

/** At most so many messages within so many hours; an empty channel or purpose means each. */
export interface Cap {
  sends_max: number
  hours: number
  channel: Channel | ''
  purpose: Purpose | ''
}

/** From when to when nobody is disturbed, `HH:MM` by the customer's own clock. */
export interface QuietHours {
  starts: string
  ends: string
  channel: Channel | ''
  purpose: Purpose | ''
}

export interface ContactPolicy {
  caps: Cap[]
  quiet_hours: QuietHours[]
  holdout_percent: number
  time_zone: string
  version: number
}
export type PolicyDraft = Omit<ContactPolicy, 'version'>

export const REASONS = ['legal', 'complained', 'bounced', 'manual'] as const
export type Reason = (typeof REASONS)[number]

export interface Suppression {
  id: string
  channel: Channel
  /** Masked for those who may not see what identifies a person. */
  address: string
  reason: Reason
  origin: string
  until: string | null
  created_at: string
}

export const getPolicy = (): Promise<Tagged<ContactPolicy>> => getTagged<ContactPolicy>('contactPolicy/')
export const savePolicy = (draft: PolicyDraft, etag: string | null): Promise<Tagged<ContactPolicy>> => putTagged<ContactPolicy>('contactPolicy/', draft, etag)

export const listSuppressions = (params: Record<string, unknown>, signal?: AbortSignal): Promise<Page<Suppression>> => get<Page<Suppression>>('suppressions/', params, signal)
export const suppress = (body: { channel: Channel; address: string; reason: Reason; until: string | null; origin: string }): Promise<Suppression> => post<Suppression>('suppressions/', body)
export const lift = (id: string): Promise<void> => remove(`suppressions/${id}/`)
