/** Campaigns over HTTP: definition, life, triggering, trying, results. */
import { download, get, getTagged, patchTagged, post, remove, type Tagged } from '@/shared/http/client'
import type { Page } from '@/shared/http/pages'
import type { Precise, Schemas } from '@/shared/http/schema'
import type { Run } from '@/shared/jobs/runs'
import type { Json } from '@/shared/RuleEditor'
import { unitsOf } from './content/channels'

export type CampaignStatus = 'DRAFT' | 'REVIEW' | 'SCHEDULED' | 'ACTIVE' | 'PAUSED' | 'ENDED'
export type Purpose = 'marketing' | 'service'
export type Operator = '>' | '>=' | '<' | '<='
export type Measure = 'segment_size' | 'program_members' | 'enrolled_last_day' | 'points_outstanding' | 'points_balance'

export interface EventTrigger { kind: 'event'; event_type: string; filter: Json; filter_profile?: string; look_back_hours?: number | null }
export interface ScheduleTrigger { kind: 'schedule'; timezone: string; cron?: string; at?: string; past?: string }
export interface ThresholdTrigger { kind: 'threshold'; measure: Measure; operator: Operator; value: number; reset?: number }
export type Trigger = EventTrigger | ScheduleTrigger | ThresholdTrigger

export interface MailContent { subject: string; body: string }

/** The parts of a channel's content, by name; what each channel has, `content/channels.ts` says. */
export type ChannelContent = Record<string, string>
export type Content = Record<string, ChannelContent>
export interface Goal { event_type: string; filter?: Json; filter_profile?: string; window_hours: number; value_field?: string }
export interface Fallback { when: 'unreachable' | 'undelivered' | 'unopened'; minutes?: number | null }
/** Without a content of its own a variant says what the campaign says. */
export interface Variant { code: string; weight: number; content?: Content }
export interface Offer { code: string; title: string; text?: string; segment?: string | null }

export interface CampaignDraft {
  name: string
  description: string
  program: string | null
  segments: string[]
  excluded_segments: string[]
  purpose: Purpose
  trigger: Trigger
  channels: string[]
  content: Content
  goal: Goal | null
  fallback: Fallback | null
  variants: Variant[]
  offers: Offer[]
  budget_amount: string | null
  seeds: string[]
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
  'forbidden', 'no_consent', 'suppressed', 'holdout', 'control', 'repeated', 'past_time', 'budget', 'capped', 'no_address',
]

export interface RenderedMail { subject: string; html: string; text: string; missing: string | null }

export interface Sample { customer_id: string; customer_ref: string; variant?: string; content: Record<string, RenderedMail> }
/** `audience`: those who would be written to; `total`: all who are meant, written to or not. */
export type Estimate = Schemas['EstimateAnswer']
/** What would happen to one customer: by channel the reason why nothing would go, and until when it would wait. */
export interface Verdict { is_meant: boolean; reasons: Record<string, string>; waits: Record<string, string | null> }
export type Preview = Precise<Schemas['PreviewAnswer'], { sample: Sample | null; verdict: Verdict | null }>

/** An event's own answer has no run; by hand there always is one. */
export type TriggerAnswer = Precise<Schemas['TriggerAnswer'], { run: (Pick<Run, 'id'> & Partial<Run>) | null }>

export interface BreakdownRow {
  dimension: 'channel' | 'variant' | 'day'
  value: string
  placed: number
  left_out: number
  total_sent: number
  delivered: number
  opened: number
  clicked: number
  converted: number
  unsubscribed: number
  failed: number
  revenue: string
  cost: string
  points: number
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

export interface Progress { placed: number; held: number; waiting: number; quiet: number; sending: number; sent: number; failed: number; unknown: number; left_out: number }
export type Occurrence = Precise<Schemas['Occurrence'], { progress: Progress }>
export type CalendarEntry = Schemas['CalendarEntry']

export type Execution = Schemas['Execution']

/** What a campaign can be made of, from `campaigns/kinds/`. */
export interface Kinds {
  events: { type: string; fields: string[] }[]
  measures: Measure[]
  operators: Operator[]
  goals: string[]
  channels: { code: string; is_available: boolean }[]
  variables: { customer: string[]; campaign: string[]; program: string[]; offer: string[]; event_prefix: string }
}

export function blankCampaign(): CampaignDraft {
  return {
    name: '', description: '', program: null, segments: [], excluded_segments: [], purpose: 'marketing', channels: ['email'],
    trigger: { kind: 'schedule', at: '', timezone: Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC' },
    content: { email: { subject: '', body: '' } },
    goal: null, fallback: null, variants: [], offers: [], budget_amount: null, seeds: [],
    control_percent: 0, priority: 5, repeat_days: null, valid_hours: null, starts_at: null, ends_at: null,
  }
}

const DRAFT_FIELDS = Object.keys(blankCampaign()) as (keyof CampaignDraft)[]

/** What can be edited, as the server keeps it, so that a field this console shows nowhere is not lost. */
export function draftOf(campaign: Campaign): CampaignDraft {
  const draft: Record<string, unknown> = {}
  for (const field of DRAFT_FIELDS) draft[field] = campaign[field]
  return draft as unknown as CampaignDraft
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
/** Counts what the draft describes, kept or not. */
export const estimateDraft = (draft: CampaignDraft, campaign: string | null): Promise<Estimate> => post<Estimate>('campaigns/estimate/', {
  campaign, program: draft.program, segments: draft.segments, excluded_segments: draft.excluded_segments, purpose: draft.purpose, channels: draft.channels,
  fallback: draft.fallback, control_percent: draft.control_percent, repeat_days: draft.repeat_days, trigger: draft.trigger, budget_amount: draft.budget_amount, units: unitsOf(draft.content),
})
export const copyOf = (campaign: Campaign, name: string): CampaignDraft => ({ ...draftOf(campaign), name, starts_at: null, ends_at: null })
export const testSend = (id: string, to: string, customerId: string | null): Promise<{ to: string; customer_ref: string; channels: string[] }> => post(at(id, 'test-send/'), customerId === null ? { to } : { to, customer_id: customerId })
export const getKinds = (signal?: AbortSignal): Promise<Kinds> => get<Kinds>('campaigns/kinds/', {}, signal)
export const getPerformance = (id: string, signal?: AbortSignal): Promise<Performance> => get<Performance>(at(id, 'performance/'), {}, signal)
export const listExecutions = (params: Params, signal?: AbortSignal): Promise<Page<Execution>> => get<Page<Execution>>('campaignExecutions/', params, signal)
