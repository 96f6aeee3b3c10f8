/** Campaigns over HTTP: definition, life, triggering, trying, results. */
import { download, get, getTagged, patchTagged, post, remove, type Tagged } from '@/shared/http/client'
import type { Page } from '@/shared/http/pages'
import type { Precise, Schemas } from '@/shared/http/schema'
import type { Run } from '@/shared/jobs/runs'
import type { Json } from '@/shared/RuleEditor'

export type CampaignStatus = 'DRAFT' | 'REVIEW' | 'SCHEDULED' | 'ACTIVE' | 'PAUSED' | 'ENDED'
export type Purpose = 'marketing' | 'service'
export type Operator = '>' | '>=' | '<' | '<='
export type Measure = 'segment_size' | 'program_members' | 'enrolled_last_day' | 'points_outstanding' | 'points_balance'

export interface EventTrigger { kind: 'event'; event_type: string; filter: Json }
export interface ScheduleTrigger { kind: 'schedule'; timezone: string; cron?: string; at?: string; past?: string }
export interface ThresholdTrigger { kind: 'threshold'; measure: Measure; operator: Operator; value: number; reset?: number }
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
  excluded_segments: string[]
  control_percent: number
  priority: number
  repeat_days: number | null
  valid_hours: number | null
  starts_at: string | null
  ends_at: string | null
}

export type Campaign = Precise<Schemas['Campaign'], CampaignDraft & { status: CampaignStatus }>

export type Excluded = Schemas['Excluded']
export const EXCLUSIONS: readonly (keyof Excluded)[] = [
  'forbidden', 'no_consent', 'suppressed', 'holdout', 'control', 'repeated', 'past_time', 'capped', 'no_address',
]

export interface RenderedMail { subject: string; html: string; text: string; missing: string | null }

export interface Sample { customer_id: string; customer_ref: string; content: Record<string, RenderedMail> }
/** `audience`: those who would be written to; `total`: all who are meant, written to or not. */
export type Preview = Precise<Schemas['PreviewAnswer'], { sample: Sample | null }>

/** An event's own answer has no run; by hand there always is one. */
export type TriggerAnswer = Precise<Schemas['TriggerAnswer'], { run: (Pick<Run, 'id'> & Partial<Run>) | null }>

export interface BreakdownRow {
  dimension: 'channel' | 'variant' | 'day'
  value: string
  total_sent: number
  delivered: number
  opened: number
  clicked: number
  converted: number
  unsubscribed: number
  revenue: string
}
export interface Arm { customers: number; converted: number; rate: number }
export interface Incremental {
  treated: Arm
  control: Arm
  /** Differences of the rates, with the 95 % interval. */
  effect: { difference: number; low: number; high: number; incremental_conversions: number; is_significant: boolean; is_ratio_wrong: boolean } | null
  incremental_revenue: string
}
export type Performance = Precise<Schemas['Performance'], { breakdown: BreakdownRow[]; incremental: Incremental | null }>

export interface Progress { placed: number; held: number; waiting: number; sending: number; sent: number; failed: number; unknown: number; left_out: number }
export type Occurrence = Precise<Schemas['Occurrence'], { progress: Progress }>
export type CalendarEntry = Schemas['CalendarEntry']

export type Execution = Schemas['Execution']

/** What a campaign can be made of, from `campaigns/kinds/`. */
export interface Kinds {
  events: { type: string; fields: string[] }[]
  measures: Measure[]
  operators: Operator[]
  variables: { customer: string[]; campaign: string[]; program: string[]; event_prefix: string }
}

export function blankCampaign(): CampaignDraft {
  return {
    name: '', description: '', program: null, segment: null, purpose: 'marketing', channels: ['email'],
    trigger: { kind: 'event', event_type: 'customer.purchase', filter: null },
    content: { email: { subject: '', body: '' } },
    excluded_segments: [], control_percent: 0, priority: 5, repeat_days: null, valid_hours: null, starts_at: null, ends_at: null,
  }
}

export function draftOf(campaign: Campaign): CampaignDraft {
  const mail = campaign.content.email
  return {
    name: campaign.name, description: campaign.description ?? '', program: campaign.program, segment: campaign.segment, purpose: campaign.purpose ?? 'marketing',
    trigger: campaign.trigger, channels: campaign.channels, content: { ...campaign.content, email: { subject: mail?.subject ?? '', body: mail?.body ?? '' } },
    excluded_segments: campaign.excluded_segments, control_percent: campaign.control_percent, priority: campaign.priority, repeat_days: campaign.repeat_days,
    valid_hours: campaign.valid_hours, starts_at: campaign.starts_at, ends_at: campaign.ends_at,
  }
}

type Params = Record<string, string | number>
const at = (id: string, rest = ''): string => `campaigns/${id}/${rest}`

export const listCampaigns = (params: Params, signal?: AbortSignal): Promise<Page<Campaign>> => get<Page<Campaign>>('campaigns/', params, signal)
export const getCampaign = (id: string): Promise<Tagged<Campaign>> => getTagged<Campaign>(at(id))
export const createCampaign = (draft: CampaignDraft): Promise<Campaign> => post<Campaign>('campaigns/', draft)
export const saveCampaign = (id: string, part: Partial<CampaignDraft>, etag: string | null): Promise<Tagged<Campaign>> => patchTagged<Campaign>(at(id), part, etag)
export const deleteCampaign = (id: string): Promise<void> => remove(at(id))
export const stepCampaign = (id: string, step: 'activate' | 'pause' | 'end' | 'submit' | 'send-back'): Promise<Campaign> => post<Campaign>(at(id, `${step}/`))
/** Refused when more are meant than were seen. */
export const triggerCampaign = (id: string, occurrence: string, audienceMax: number): Promise<TriggerAnswer> => post<TriggerAnswer>(at(id, 'trigger/'), { occurrence, audience_max: audienceMax })
export const listOccurrences = (id: string, signal?: AbortSignal): Promise<Occurrence[]> => get<Occurrence[]>(at(id, 'occurrences/'), {}, signal)
export const abortOccurrence = (id: string, occurrence: string): Promise<{ dropped: number }> => post(at(id, `occurrences/${occurrence}/abort/`))
export const savePerformance = (id: string, name: string): Promise<void> => download(at(id, 'performance-file/'), {}, `${name}.csv`)
export const getCalendar = (since: string, until: string, signal?: AbortSignal): Promise<CalendarEntry[]> => get<CalendarEntry[]>('campaigns/calendar/', { since, until }, signal)
export const previewCampaign = (id: string, customerId: string | null): Promise<Preview> => post<Preview>(at(id, 'preview/'), customerId === null ? {} : { customer_id: customerId })
export const testSend = (id: string, to: string, customerId: string | null): Promise<{ to: string; customer_ref: string }> => post(at(id, 'test-send/'), customerId === null ? { to } : { to, customer_id: customerId })
export const getKinds = (signal?: AbortSignal): Promise<Kinds> => get<Kinds>('campaigns/kinds/', {}, signal)
export const getPerformance = (id: string, signal?: AbortSignal): Promise<Performance> => get<Performance>(at(id, 'performance/'), {}, signal)
export const listExecutions = (params: Params, signal?: AbortSignal): Promise<Page<Execution>> => get<Page<Execution>>('campaignExecutions/', params, signal)
