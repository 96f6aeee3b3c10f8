/** Segments over HTTP: definition, members, recalculation, snapshots, explanation. */
import { get, getTagged, patchTagged, post, remove, type Tagged } from '@/shared/http/client'
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

export type Segment = Precise<Schemas['Segment'], { kind: SegmentKind; rules: Json; last_calculated_at: string | null; used_by: Usage[] }>

export interface SegmentDraft {
  name: string
  description: string
  kind: SegmentKind
  rules: Json
}

export interface Preview {
  count: number
  total: number
  sample: { customer_id: string; customer_ref: string }[]
  rules_in_words: string
}

export type Member = Schemas['Member']
export type Snapshot = Schemas['Snapshot']

export interface Explanation {
  is_member: boolean
  matches: boolean | null
  as_of: string
  trace: unknown[]
}

type Params = Record<string, string | number>

export const listSegments = (params: Params, signal?: AbortSignal): Promise<Page<Segment>> => get<Page<Segment>>('segments/', params, signal)
export const getSegment = (id: string): Promise<Tagged<Segment>> => getTagged<Segment>(`segments/${id}/`)
export const deleteSegment = (id: string, etag: string | null): Promise<void> => remove(`segments/${id}/`, etag)

/** A static segment has no rules, so none are sent. */
export function createSegment(draft: SegmentDraft): Promise<Segment> {
  const { rules, ...rest } = draft
  return post<Segment>('segments/', draft.kind === 'dynamic' ? { ...rest, rules } : rest)
}

export const changeSegment = (id: string, part: Partial<SegmentDraft>, etag: string | null): Promise<Tagged<Segment>> => patchTagged<Segment>(`segments/${id}/`, part, etag)

export const previewRules = (rules: Json): Promise<Preview> => post<Preview>('segments/preview/', { rules })
export const recalculate = (id: string): Promise<{ run: Run }> => post<{ run: Run }>(`segments/${id}/recalculate/`)
export const listMembers = (id: string, params: Params, signal?: AbortSignal): Promise<Page<Member>> => get<Page<Member>>(`segments/${id}/members/`, params, signal)
export const addMembers = (segment: string, customers: string[]): Promise<{ added: number }> => post<{ added: number }>('segmentMembers/', { segment, customers })
export const removeMember = (id: string): Promise<void> => remove(`segmentMembers/${id}/`)

const SNAPSHOTS_SHOWN = 100

/** The latest snapshots, oldest first. */
export async function listSnapshots(segment: string, signal?: AbortSignal): Promise<Snapshot[]> {
  const page = await get<Page<Snapshot>>('segmentSnapshots/', { segment, page_size: SNAPSHOTS_SHOWN }, signal)
  return [...page.results].sort((left, right) => left.taken_at.localeCompare(right.taken_at))
}

/** `customer` is the customer's id or the reference of the BSS. */
export async function explainMembership(segment: string, customer: string): Promise<Explanation> {
  const found = await get<{ id: string }>(`customers/${encodeURIComponent(customer)}/`)
  return get<Explanation>(`segments/${segment}/explain/`, { customer_id: found.id })
}
