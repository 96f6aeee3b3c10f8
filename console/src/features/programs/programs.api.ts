/** Programs as the server reads and writes them: one document with its tiers, rules, caps, expiry and policies, in versions. */
import { create, get, getTagged, patchTagged, post, remove, type Tagged } from '@/shared/http/client'
import type { Page } from '@/shared/http/pages'
import type { Precise, Schemas } from '@/shared/http/schema'
import type { EarnRule, ProgramDraft, ProgramStatus, Tier } from './document/types'

export type { ProgramStatus, Tier }

/** A rule as it is served, with its words. */
export type ServedRule = EarnRule & { rule_in_words: string }
type Served = Omit<ProgramDraft, 'earn_rules'> & { earn_rules: ServedRule[] }

export type Program = Precise<Schemas['Program'], Served>

export type VersionStatus = 'current' | 'scheduled' | 'past'
export type ProgramVersion = Precise<Schemas['Version'], { status: VersionStatus }>
export type VersionChange = Schemas['Difference']

/** A purchase to try. */
export interface SimulationRequest {
  transaction_amount: string
  currency: string
  transaction_context: Record<string, unknown>
  tier_code?: string
  occurred_at?: string
  event_type?: string
  segment_codes?: string[]
  /** Who buys; without, someone who joins with this purchase. */
  customer_id?: string
}

export type Simulation = Schemas['SimulationAnswer']

export type ProgramAnalytics = Schemas['AnalyticsAnswer']

/** What of the document a trial takes from the screen instead of from the server. */
const PROMISES = ['tiers', 'earn_rules', 'stacking', 'earn_base', 'activation', 'caps', 'expiry', 'wallets', 'tier_policy', 'referral', 'point_value', 'burn_rule', 'burn'] as const satisfies readonly (keyof ProgramDraft)[]

const at = (id: string): string => `loyaltyPrograms/${id}/`

export const listPrograms = (params: Record<string, unknown>, signal?: AbortSignal): Promise<Page<Program>> => get<Page<Program>>('loyaltyPrograms/', params, signal)
export const getProgram = (id: string): Promise<Tagged<Program>> => getTagged<Program>(at(id))
export const createProgram = (draft: ProgramDraft): Promise<Program> => create<Program>('loyaltyPrograms/', draft)
export const saveProgram = (id: string, part: Partial<ProgramDraft>, etag: string | null): Promise<Tagged<Program>> => patchTagged<Program>(at(id), part, etag)
/** The changes from an instant on; the program as it is now comes back. */
export const scheduleProgram = (id: string, part: Partial<ProgramDraft>, effectiveAt: string, etag: string | null): Promise<Tagged<Program>> => patchTagged<Program>(at(id), { ...part, effective_at: effectiveAt }, etag)
export const deleteProgram = (id: string, etag: string | null): Promise<void> => remove(at(id), etag)

export const listVersions = (id: string, signal?: AbortSignal): Promise<Page<ProgramVersion>> => get<Page<ProgramVersion>>(`${at(id)}versions/`, { page_size: 100 }, signal)
export const getVersion = (id: string, number: number, signal?: AbortSignal): Promise<ProgramVersion> => get<ProgramVersion>(`${at(id)}versions/${number}/`, {}, signal)
export const cancelVersion = (id: string, number: number): Promise<void> => remove(`${at(id)}versions/${number}/`)
export async function diffVersions(id: string, from: number, to: number, signal?: AbortSignal): Promise<VersionChange[]> {
  return (await get<Schemas['DiffAnswer']>(`${at(id)}versions/diff/`, { from, to }, signal)).changes
}

/** A trial by a program, by what is on screen of it, or (without an id) by a program that is nowhere but on screen. */
export function simulate(id: string | null, request: SimulationRequest, draft: ProgramDraft | null = null): Promise<Simulation> {
  if (id === null) return post<Simulation>('loyaltyPrograms/simulate/', { ...request, program: draft })
  const promises = draft === null ? {} : Object.fromEntries(PROMISES.map((name) => [name, draft[name]]))
  return post<Simulation>(`${at(id)}simulate/`, { ...request, ...promises })
}
export const getAnalytics = (id: string, signal?: AbortSignal): Promise<ProgramAnalytics> => get<ProgramAnalytics>(`${at(id)}analytics/`, {}, signal)
