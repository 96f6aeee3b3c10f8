/** Campaigns over HTTP: definition, life, triggering, trying, results. */
import { get, getTagged, patchTagged, post, remove, type Tagged } from '@/shared/http/client'
import type { Page } from '@/shared/http/pages'
import type { Run } from '@/shared/jobs/runs'
import type { Json } from '@/shared/RuleEditor'

export type CampaignStatus = 'DRAFT' | 'ACTIVE' | 'PAUSED' | 'ENDED'
export type Purpose = 'marketing' | 'service'
export type Operator = '>' | '>=' | '<' | '<='
export type Measure = 'segment_size' | 'program_members'

export interface EventTrigger { kind: 'event'; event_type: string; filter: Json }
export interface ScheduleTrigger { kind: 'schedule'; timezone: string; cron?: string; at?: string }
export interface ThresholdTrigger { kind: 'threshold'; measure: Measure; operator: Operator; value: number }
export type Trigger = EventTrigger | ScheduleTrigger | ThresholdTrigger

export interface MailContent { subject: string; body: string }

export interface CampaignDraft {
  name: string
  description: string
  program: string | null
  segment: string | null
  purpose: Purpose
  trigger: Trigger
  channels: string[]
  content: { email: MailContent }
}

export interface Campaign extends CampaignDraft {
  id: string
  status: CampaignStatus
  /** The next slot of a schedule. */
  due_at: string | null
  activated_at: string | null
  last_triggered_at: string | null
  created_at: string
  updated_at: string
  version: number
}

export const EXCLUSIONS = ['no_consent', 'no_address', 'capped', 'holdout'] as const
export type Exclusion = (typeof EXCLUSIONS)[number]
export type Excluded = Partial<Record<Exclusion, number>>

export interface RenderedMail { subject: string; html: string; text: string; missing: string | null }

export interface Preview {
  /** Those who would be written to. */
  audience: number
  excluded: Excluded
  /** All who are meant, written to or not. */
  total: number
  sample: { customer_id: string; customer_ref: string; content: Record<string, RenderedMail> } | null
}

export interface TriggerAnswer {
  run: Pick<Run, 'id'> & Partial<Run>
  occurrence: string
  audience: number
  excluded: Excluded
}

export interface Performance {
  total_sent: number
  delivered: number
  opened: number
  clicked: number
  converted: number
  conversion_rate: number
  failed: number
  bounced: number
  unknown: number
  queued: number
  skipped: number
  excluded: Excluded
  occurrences: number
  last_sent_at: string | null
}

export interface Execution {
  id: string
  occurrence: string
  customer_id: string
  customer_ref: string
  channel: string
  status: string
  reason: string
  detail: string
  queued_at: string
  sent_at: string | null
  delivered_at: string | null
  opened_at: string | null
  clicked_at: string | null
}

export function blankCampaign(): CampaignDraft {
  return {
    name: '', description: '', program: null, segment: null, purpose: 'marketing', channels: ['email'],
    trigger: { kind: 'event', event_type: 'customer.purchase', filter: null },
    content: { email: { subject: '', body: '' } },
  }
}

export function draftOf(campaign: Campaign): CampaignDraft {
  const mail = campaign.content.email
  return {
    name: campaign.name, description: campaign.description ?? '', program: campaign.program, segment: campaign.segment, purpose: campaign.purpose ?? 'marketing',
    trigger: campaign.trigger, channels: campaign.channels, content: { ...campaign.content, email: { subject: mail?.subject ?? '', body: mail?.body ?? '' } },
  }
}

type Params = Record<string, string | number>
const at = (id: string, rest = ''): string => `campaigns/${id}/${rest}`

export const listCampaigns = (params: Params, signal?: AbortSignal): Promise<Page<Campaign>> => get<Page<Campaign>>('campaigns/', params, signal)
export const getCampaign = (id: string): Promise<Tagged<Campaign>> => getTagged<Campaign>(at(id))
export const createCampaign = (draft: CampaignDraft): Promise<Campaign> => post<Campaign>('campaigns/', draft)
export const saveCampaign = (id: string, part: Partial<CampaignDraft>, etag: string | null): Promise<Tagged<Campaign>> => patchTagged<Campaign>(at(id), part, etag)
export const deleteCampaign = (id: string): Promise<void> => remove(at(id))
export const stepCampaign = (id: string, step: 'activate' | 'pause' | 'end'): Promise<Campaign> => post<Campaign>(at(id, `${step}/`))
export const triggerCampaign = (id: string, occurrence: string): Promise<TriggerAnswer> => post<TriggerAnswer>(at(id, 'trigger/'), { occurrence })
export const previewCampaign = (id: string, customerId: string | null): Promise<Preview> => post<Preview>(at(id, 'preview/'), customerId === null ? {} : { customer_id: customerId })
export const testSend = (id: string, to: string, customerId: string | null): Promise<{ to: string; customer_ref: string }> => post(at(id, 'test-send/'), customerId === null ? { to } : { to, customer_id: customerId })
export const getPerformance = (id: string, signal?: AbortSignal): Promise<Performance> => get<Performance>(at(id, 'performance/'), {}, signal)
export const listExecutions = (params: Params, signal?: AbortSignal): Promise<Page<Execution>> => get<Page<Execution>>('campaignExecutions/', params, signal)
