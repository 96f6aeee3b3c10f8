/** Accounts over HTTP: what stands on them, what moved, what waits, and the verbs that move points. */
import { get, post } from '@/shared/http/client'
import type { Page } from '@/shared/http/pages'
import type { Precise, Schemas } from '@/shared/http/schema'

export type Account = Schemas['Account'] & { wallet?: string; kind?: string; points_debt?: number; merged_into?: string | null }
type Context = { context: Record<string, unknown> | null }
export type Transaction = Precise<Schemas['Transaction'], Context>
export type TracedTransaction = Precise<Schemas['TracedTransaction'], Context>

export interface Lot { id?: string; transaction_id: string; earned_at: string; expires_at: string | null; spendable_until: string | null; points_original: number; points_remaining: number; points_held: number }
export interface Hold { id: string; points_amount: number; points_captured: number; state: string; reason: string; held_at: string; expires_at: string; ended_at: string | null }
export interface PendingEarn { transaction_id: string; points_amount: number; state: string; occurred_at: string; activates_at: string | null; expires_at: string | null }
export interface Expiring { points_expiring: number; until: string; groups?: { period: string; points: number }[]; results: Lot[] }
export interface Reconciliation { is_balanced: boolean; balance: number; sum_of_entries: number; sum_of_lots: number; discrepancies: { code: string; expected: number; found: number }[] }
export interface TierOutlook { tier: { code: string; name: string } | null; projected_tier: { code: string; name: string } | null; next_tier: { code: string; name: string; min_points: number } | null; points_qualifying: number; points_to_stay: number | null; points_to_next: number | null; period_starts_at: string | null; period_ends_at: string | null; grace_until: string | null; manual: { mode: string; until: string | null; reason: string } | null }
export interface ReasonCode { code: string; name: string }
export interface Moved { transaction_id: string | null; points_amount: number; points_balance: number; points_lost_to_caps?: number; points_unrecovered?: number; value?: { amount: string; currency: string }; trace?: { reason?: string } }
export interface Transferred { transaction_id: string; points_amount: number; from: { points_balance: number }; to: { points_balance: number } }

type Params = Record<string, string | number>
type Rows<T> = { results: T[] }
const PAGE_SIZE = 10
const LOOK_AHEAD_DAYS = 730
const keyed = (key: string): Record<string, string> => ({ 'Idempotency-Key': key })

export const findAccounts = (params: Params, signal?: AbortSignal): Promise<Page<Account>> => get<Page<Account>>('loyaltyAccounts/', params, signal)
export const listAccounts = (customerId: string, signal?: AbortSignal): Promise<Page<Account>> => findAccounts({ customer_id: customerId, page_size: 50 }, signal)
export const getAccount = (id: string, signal?: AbortSignal): Promise<Account> => get<Account>(`loyaltyAccounts/${id}/`, {}, signal)
export const listTransactions = (accountId: string, cursor: string, signal?: AbortSignal): Promise<Page<Transaction>> => get<Page<Transaction>>('loyaltyTransactions/', { account_id: accountId, cursor, page_size: PAGE_SIZE }, signal)
export const getTransaction = (id: string, signal?: AbortSignal): Promise<TracedTransaction> => get<TracedTransaction>(`loyaltyTransactions/${id}/`, {}, signal)
export const listLots = (accountId: string, asOf: string, signal?: AbortSignal): Promise<Rows<Lot>> => get<Rows<Lot>>(`loyaltyAccounts/${accountId}/lots/`, { as_of: asOf }, signal)
export const listHolds = (accountId: string, signal?: AbortSignal): Promise<Rows<Hold>> => get<Rows<Hold>>(`loyaltyAccounts/${accountId}/holds/`, {}, signal)
export const listPending = (accountId: string, signal?: AbortSignal): Promise<Rows<PendingEarn>> => get<Rows<PendingEarn>>(`loyaltyAccounts/${accountId}/pending/`, {}, signal)
export const listExpiring = (accountId: string, signal?: AbortSignal): Promise<Expiring> => get<Expiring>(`loyaltyAccounts/${accountId}/expiring/`, { days: LOOK_AHEAD_DAYS, by: 'month' }, signal)
export const getTierOutlook = (accountId: string, signal?: AbortSignal): Promise<TierOutlook> => get<TierOutlook>('services/tier/projection/', { account_id: accountId }, signal)
export const reconcile = (accountId: string, signal?: AbortSignal): Promise<Reconciliation> => get<Reconciliation>(`services/points/reconcile/${accountId}/`, {}, signal)

export interface PurchaseRequest { account_id: string; transaction_amount: string; currency: string; transaction_context: Record<string, string> }
export interface GiftRequest { account_id: string; points: number; transaction_context: Record<string, string> }
export const earn = (request: PurchaseRequest | GiftRequest, key: string): Promise<Moved> => post<Moved>('services/points/earn/', request, keyed(key))
export const burn = (request: GiftRequest, key: string): Promise<Moved> => post<Moved>('services/points/burn/', request, keyed(key))
export const reverse = (request: { transaction_id: string; points?: number; reason: string }, key: string): Promise<Moved> => post<Moved>('services/points/reverse/', request, keyed(key))
export const reinstate = (request: { transaction_id: string; points?: number; reason: string }, key: string): Promise<Moved> => post<Moved>('services/points/reinstate/', request, keyed(key))
export const adjust = (request: { account_id: string; points: number; reason_code: string; reason: string }, key: string): Promise<Moved> => post<Moved>('services/points/adjust/', request, keyed(key))
export const transfer = (request: { from_account_id: string; to_account_id: string; points: number; reason: string }, key: string): Promise<Transferred> => post<Transferred>('services/points/transfer/', request, keyed(key))
export const hold = (request: { account_id: string; points: number; expires_at: string; reason: string }, key: string): Promise<unknown> => post('services/points/hold/', request, keyed(key))
export const endHold = (id: string, way: 'capture' | 'release', key: string): Promise<unknown> => post(`services/points/hold/${id}/${way}/`, {}, keyed(key))
export const endPending = (transactionId: string, way: 'confirm' | 'cancel', key: string): Promise<unknown> => post(`services/points/pending/${transactionId}/${way}/`, {}, keyed(key))
export const changeStatus = (accountId: string, way: 'freeze' | 'unfreeze' | 'close', reason: string): Promise<unknown> => post(`loyaltyAccounts/${accountId}/${way}/`, { reason })
export const merge = (accountId: string, intoAccountId: string, reason: string, key: string): Promise<unknown> => post(`loyaltyAccounts/${accountId}/merge/`, { into_account_id: intoAccountId, reason }, keyed(key))
