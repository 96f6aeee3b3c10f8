/** Segments over HTTP: definition, members, recalculation, snapshots, explanation, comparison, overlap, upload. */
import { create, get, getTagged, patchTagged, post, remove, type Tagged } from '@/shared/http/client'
import type { Page } from '@/shared/http/pages'
import type { Precise, Schemas } from '@/shared/http/schema'
import type { Run } from '@/shared/jobs/runs'
import type { Json } from '@/shared/RuleEditor'

export type SegmentKind = 'dynamic' | 'static'

export interface Usage {
  kind: string
  id: string
  name: string
}

/** Only the best so many of those the rule selects. */
export interface Limit {
  count: number
  by: Json
  order: 'descending' | 'ascending'
}

export type Schedule =
  | { kind: 'manual' }
  | { kind: 'interval'; every_minutes: number }
  | { kind: 'daily'; at: string; time_zone?: string }
  | { kind: 'weekly'; at: string; weekdays: number[]; time_zone?: string }
  | { kind: 'cron'; expression: string; time_zone?: string }

/** The sample that is judged again row by row after each recalculation. */
export interface Check {
  state: 'agrees' | 'disagrees' | null
  checked_at: string | null
  disagreements: { customer_id: string; is_member: boolean; matches: boolean }[]
}

/** What the server may not tell yet is left out by older versions of it. */
interface Upkeep {
  limit?: Limit | null
  schedule?: Schedule | null
  is_event_driven?: boolean
  refreshes_on_features?: boolean
  check?: Check | null
  is_stale?: boolean
  last_run?: Pick<Run, 'id' | 'status' | 'phase' | 'done' | 'total' | 'error'> | null
  depends_on?: { id: string; name: string }[]
}

type Told = Precise<Schemas['Segment'], { kind: SegmentKind; rules: Json; last_calculated_at: string | null; used_by: Usage[] }>

export type Segment = Omit<Told, keyof Upkeep> & Upkeep

export interface SegmentDraft {
  name: string
  description: string
  kind: SegmentKind
  rules: Json
  limit: Limit | null
  schedule: Schedule | null
  is_event_driven: boolean
  refreshes_on_features: boolean
}

/** A source that could not be asked, or answered with old figures. */
export interface Degradation {
  source: string
  code: string
  reason: string
  as_of: string | null
  age_seconds: number | null
}

export interface Preview {
  count: number
  total: number
  sample: { customer_id: string; customer_ref: string }[]
  rules_in_words: string
  as_of?: string
  degraded?: Degradation[]
}

export interface Member {
  id: string
  customer_id: string
  customer_ref: string
  added_at: string | null
}

export type Snapshot = Schemas['Snapshot'] & { cause?: string; has_members?: boolean }

export interface Explanation {
  /** Null when the rule is not saved, so that there is no membership. */
  is_member: boolean | null
  matches: boolean | null
  as_of: string
  trace: unknown[]
  leaves?: unknown[]
  smallest_change?: { path: string; words: string }[]
  degraded?: Degradation[]
}

export interface Named {
  customer_id: string
  customer_ref: string
}

export interface Comparison {
  from: Pick<Snapshot, 'id' | 'taken_at' | 'member_count'>
  to: Pick<Snapshot, 'id' | 'taken_at' | 'member_count'>
  added_count: number
  removed_count: number
  stayed_count: number
  added: Named[]
  removed: Named[]
}

export interface Overlap {
  segments: { id: string; name: string; member_count: number }[]
  /** Customers in exactly these segments and in none of the others. */
  regions: { segments: string[]; count: number }[]
}

export interface UploadReport {
  lines: number
  matched: number
  added: number
  already_members: number
  duplicates: number
  unmatched: number
  invalid?: number
  unmatched_sample: { line: number; value: string }[]
  column: string
}

export interface Metrics {
  member_count: number
  last_calculated_at: string | null
  snapshots: number
  smallest: number | null
  largest: number | null
  average: number | null
  last_added: number | null
  last_removed: number | null
}

type Params = Record<string, string | number>

export const listSegments = (params: Params, signal?: AbortSignal): Promise<Page<Segment>> => get<Page<Segment>>('segments/', params, signal)
export const getSegment = (id: string): Promise<Tagged<Segment>> => getTagged<Segment>(`segments/${id}/`)
export const deleteSegment = (id: string, etag: string | null): Promise<void> => remove(`segments/${id}/`, etag)

/** A static segment has no rules, so none are sent; what was not chosen is left to the server. */
export function createSegment(draft: SegmentDraft): Promise<Segment> {
  const { name, description, kind } = draft
  if (kind === 'static') return post<Segment>('segments/', { name, description, kind })
  const upkeep = {
    ...(draft.limit ? { limit: draft.limit } : {}),
    ...(draft.schedule ? { schedule: draft.schedule } : {}),
    ...(draft.is_event_driven ? { is_event_driven: true } : {}),
    ...(draft.refreshes_on_features ? { refreshes_on_features: true } : {}),
  }
  return create<Segment>('segments/', { name, description, kind, rules: draft.rules, ...upkeep })
}

export const changeSegment = (id: string, part: Partial<SegmentDraft>, etag: string | null): Promise<Tagged<Segment>> => patchTagged<Segment>(`segments/${id}/`, part, etag)

export const previewRules = (rules: Json, limit: Limit | null = null): Promise<Preview> => post<Preview>('segments/preview/', limit ? { rules, limit } : { rules })
/** A load that lost most of the warehouse's rows is refused unless somebody says that it is right (`acceptsShrinkage`). */
export const recalculate = (id: string, acceptsShrinkage = false): Promise<{ run: Run }> =>
  post<{ run: Run }>(`segments/${id}/recalculate/`, acceptsShrinkage ? { accept_shrinkage: true } : {})
/** Several in one scan of the warehouse. */
export const recalculateTogether = (segments: string[]): Promise<{ run: Run }> => post<{ run: Run }>('segments/recalculate/', { segments })
export const listMembers = (id: string, params: Params, signal?: AbortSignal): Promise<Page<Member>> => get<Page<Member>>(`segments/${id}/members/`, params, signal)
export const addMembers = (segment: string, customers: string[]): Promise<{ added: number }> => post<{ added: number }>('segmentMembers/', { segment, customers })
export const removeMember = (id: string): Promise<void> => remove(`segmentMembers/${id}/`)
export const getMetrics = (id: string, signal?: AbortSignal): Promise<Metrics> => get<Metrics>(`segments/${id}/metrics/`, {}, signal)
export const compareSnapshots = (id: string, from: string, to: string, signal?: AbortSignal): Promise<Comparison> => get<Comparison>(`segments/${id}/compare/`, { from, to }, signal)
export const getOverlap = (segments: readonly string[], signal?: AbortSignal): Promise<Overlap> => get<Overlap>('segments/overlap/', { segments: segments.join(',') }, signal)

export function uploadMembers(segment: string, file: File, column: string): Promise<UploadReport> {
  const form = new FormData()
  form.append('file', file)
  if (column !== '') form.append('column', column)
  return post<UploadReport>(`segments/${segment}/upload/`, form)
}

const SNAPSHOTS_SHOWN = 100

/** The latest snapshots, oldest first. */
export async function listSnapshots(segment: string, signal?: AbortSignal): Promise<Snapshot[]> {
  const page = await get<Page<Snapshot>>('segmentSnapshots/', { segment, page_size: SNAPSHOTS_SHOWN }, signal)
  return [...page.results].sort((left, right) => left.taken_at.localeCompare(right.taken_at))
}

export const explainMembership = (segment: string, customer: string, signal?: AbortSignal): Promise<Explanation> => get<Explanation>(`segments/${segment}/explain/`, { customer_id: customer }, signal)
/** Tries rules that are not saved on one customer. */
export const explainRules = (rules: Json, limit: Limit | null, customer: string): Promise<Explanation> => post<Explanation>('segments/explain/', { rules, ...(limit ? { limit } : {}), customer_id: customer })
/** `name` is the customer's id or the reference of the BSS. */
export const findCustomer = (name: string): Promise<{ id: string; customer_ref: string }> => get<{ id: string; customer_ref: string }>(`customers/${encodeURIComponent(name)}/`)
