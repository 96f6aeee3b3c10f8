/** Templates of messages, and single messages that failed or are tried again, over HTTP. */
import { create, get, getTagged, patchTagged, post, remove, type Tagged } from '@/shared/http/client'
import type { Page } from '@/shared/http/pages'
import type { Channel } from './delivery.api'

export interface Variable {
  name: string
  description: string
  /** What stands in for a missing value; without it the customer is skipped. */
  fallback: string | null
  sample: string
}
/** The channel's parts by language. */
export type Content = Record<string, Record<string, string>>

export interface TemplateDraft {
  name: string
  description: string
  variables: Variable[]
  fallback_languages: string[]
  content: Content
}

export interface MessageTemplate extends TemplateDraft {
  id: string
  code: string
  channel: Channel
  /** The number of the version that messages are written with; null until it is published. */
  published: number | null
  is_archived: boolean
  updated_at: string
  version: number
}

export interface TemplateVersion {
  number: number
  note: string
  published_by: string
  published_at: string
  languages: string[]
}

export const SEVERITIES = ['error', 'warning', 'hint'] as const
export interface Finding {
  code: string
  severity: (typeof SEVERITIES)[number]
  field: string
  detail: string
}

export interface Preview {
  language: string
  languages: string[]
  rendered: { subject: string; html: string; text: string } | null
  missing: string
  findings: Finding[]
  figures: Record<string, number | string>
}

const at = (id: string, step = ''): string => `messageTemplates/${id}/${step}`
export const listTemplates = (params: Record<string, unknown>, signal?: AbortSignal): Promise<Page<MessageTemplate>> => get<Page<MessageTemplate>>('messageTemplates/', params, signal)
export const getTemplate = (id: string): Promise<Tagged<MessageTemplate>> => getTagged<MessageTemplate>(at(id))
export const createTemplate = (body: { code: string; channel: Channel; name: string; fallback_languages: string[] }): Promise<MessageTemplate> => create<MessageTemplate>('messageTemplates/', body)
export const saveTemplate = (id: string, draft: Partial<TemplateDraft> & { is_archived?: boolean }, etag: string | null): Promise<Tagged<MessageTemplate>> => patchTagged<MessageTemplate>(at(id), draft, etag)
export const deleteTemplate = (id: string): Promise<void> => remove(at(id))
export const publishTemplate = (id: string, note: string): Promise<MessageTemplate> => post<MessageTemplate>(at(id, 'publish/'), { note })
export const restoreVersion = (id: string, number: number): Promise<MessageTemplate> => post<MessageTemplate>(at(id, 'restore/'), { number })
export const listVersions = (id: string): Promise<Page<TemplateVersion>> => get<Page<TemplateVersion>>(at(id, 'versions/'), { page_size: 50 })
export const previewTemplate = (id: string, body: { customer_ref?: string; language?: string } & Partial<TemplateDraft>): Promise<Preview> => post<Preview>(at(id, 'preview/'), body)
/** A real message of what is written now, to an address of one's own; it counts nowhere. */
export const testTemplate = (id: string, body: { to: string; customer_ref?: string; language?: string } & Partial<TemplateDraft>): Promise<{ test_id: string; to: string }> => post(at(id, 'test-send/'), body)

export const LISTS = ['retried', 'failed', 'unknown'] as const
export interface Send {
  id: string
  channel: Channel
  state: string
  reason: string
  detail: string
  address: string
  attempts: number
  next_try_at: string | null
  occurrence: string
  queued_at: string
  ended_at: string | null
}
export const listSends = (params: Record<string, unknown>, signal?: AbortSignal): Promise<Page<Send>> => get<Page<Send>>('sends/', { list: 'retried', ...params }, signal)
export const retrySend = (id: string): Promise<Send> => post<Send>(`sends/${id}/retry/`)
export const giveUpSend = (id: string): Promise<Send> => post<Send>(`sends/${id}/give-up/`)
/** Everything of a channel that waits for its next try, and if wanted what was refused for good; how many are tried at once. */
export const retryAll = (channel: Channel, isFailedIncluded = false): Promise<{ messages: number }> => post('sends/retry/', { channel, is_failed_included: isFailedIncluded })
