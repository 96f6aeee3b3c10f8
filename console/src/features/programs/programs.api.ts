/** Programs as the server reads and writes them: one document with its tiers, rules, cap and expiry. */
import { get, getTagged, patchTagged, post, remove, type Tagged } from '@/shared/http/client'
import type { Page } from '@/shared/http/pages'
import type { Precise, Schemas } from '@/shared/http/schema'
import type { Json } from '@/shared/RuleEditor'

export type ProgramStatus = 'DRAFT' | 'ACTIVE' | 'INACTIVE'
export type Enrollment = 'automatic' | 'explicit'

export interface Tier {
  id?: string
  code: string
  name: string
  min_points: number
  /** A decimal text, exact. */
  multiplier: string
  benefits: string[]
  priority: number
  color: string
}

/** What the user edits; the same names as on the wire, so that a refusal finds its field. */
export interface ProgramDraft {
  name: string
  code: string
  description: string
  status: ProgramStatus
  start_date: string | null
  end_date: string | null
  currency: string
  timezone: string
  enrollment: Enrollment
  tiers: Tier[]
  earn_rule: Json
  burn_rule: Json
  earn_cap_daily: number | null
  expiry_days: number | null
}

export type Program = Precise<Schemas['Program'], ProgramDraft>

export type ProgramVersion = Schemas['Version']

/** A purchase to try, with the promises on screen instead of the saved ones. */
export interface SimulationRequest {
  transaction_amount: string
  currency: string
  transaction_context: Record<string, string>
  tier_code?: string
  earn_rule?: Json
  earn_cap_daily?: number | null
  expiry_days?: number | null
}

export type Simulation = Schemas['SimulationAnswer']

export type ProgramAnalytics = Schemas['AnalyticsAnswer']

export function blankProgram(): ProgramDraft {
  return {
    name: '', code: '', description: '', status: 'DRAFT', start_date: null, end_date: null, currency: 'USD', timezone: 'UTC', enrollment: 'automatic',
    tiers: [], earn_rule: null, burn_rule: null, earn_cap_daily: null, expiry_days: null,
  }
}

export function draftOf(program: Program): ProgramDraft {
  return {
    name: program.name, code: program.code, description: program.description ?? '', status: program.status, start_date: program.start_date, end_date: program.end_date,
    currency: program.currency, timezone: program.timezone, enrollment: program.enrollment ?? 'automatic',
    tiers: program.tiers.map((tier) => ({ id: tier.id, code: tier.code, name: tier.name, min_points: tier.min_points, multiplier: String(tier.multiplier), benefits: tier.benefits ?? [], priority: tier.priority, color: tier.color ?? '' })),
    earn_rule: program.earn_rule ?? null, burn_rule: program.burn_rule ?? null, earn_cap_daily: program.earn_cap_daily, expiry_days: program.expiry_days,
  }
}

export const listPrograms = (params: Record<string, unknown>, signal?: AbortSignal): Promise<Page<Program>> => get<Page<Program>>('loyaltyPrograms/', params, signal)
export const getProgram = (id: string): Promise<Tagged<Program>> => getTagged<Program>(`loyaltyPrograms/${id}/`)
export const createProgram = (draft: ProgramDraft): Promise<Program> => post<Program>('loyaltyPrograms/', draft)
export const saveProgram = (id: string, part: Partial<ProgramDraft>, etag: string | null): Promise<Tagged<Program>> => patchTagged<Program>(`loyaltyPrograms/${id}/`, part, etag)
export const deleteProgram = (id: string, etag: string | null): Promise<void> => remove(`loyaltyPrograms/${id}/`, etag)
export const listVersions = (id: string, signal?: AbortSignal): Promise<Page<ProgramVersion>> => get<Page<ProgramVersion>>(`loyaltyPrograms/${id}/versions/`, { page_size: 50 }, signal)
export const simulate = (id: string, request: SimulationRequest): Promise<Simulation> => post<Simulation>(`loyaltyPrograms/${id}/simulate/`, request)
export const getAnalytics = (id: string, signal?: AbortSignal): Promise<ProgramAnalytics> => get<ProgramAnalytics>(`loyaltyPrograms/${id}/analytics/`, {}, signal)
