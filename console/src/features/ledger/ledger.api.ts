/** The whole book over HTTP: its proof, the liability by month, and what a reconciliation found. */
import { get, post } from '@/shared/http/client'
import type { Run } from '@/shared/jobs/runs'

export interface Law { code: string; title: string; violations: number; duration_ms?: number }
export interface Totals { issued: number; redeemed: number; expired: number; adjusted: number; outstanding: number }
export interface Proof { is_balanced: boolean; as_of: string; totals: Totals; invariants: Law[]; duration_ms: number }
export interface LiabilityMonth { month: string; opening: number; issued: number; redeemed: number; expired: number; adjusted: number; closing: number; money: { amount: string; currency: string } | null }
export interface Liability { months: LiabilityMonth[]; is_reconciled: boolean }
export interface Discrepancy { id?: string; account_id: string; code: string; expected: number; found: number; found_at: string }

export const prove = (signal?: AbortSignal): Promise<Proof> => get<Proof>('services/points/proof/', {}, signal)
export const getLiability = (program: string, from: string, until: string, signal?: AbortSignal): Promise<Liability> => get<Liability>('services/points/liability/', { program, from, until }, signal)
export const listDiscrepancies = (signal?: AbortSignal): Promise<{ results: Discrepancy[] }> => get<{ results: Discrepancy[] }>('services/points/discrepancies/', {}, signal)
export const startReconciliation = (mode: 'incremental' | 'whole'): Promise<{ run: Pick<Run, 'id'> }> => post<{ run: Pick<Run, 'id'> }>('services/points/reconcile/', { mode })
