/** Customers over HTTP: the person, what is known of them, their accounts and what moved on them. */
import { get, post, put } from '@/shared/http/client'
import type { Page } from '@/shared/http/pages'
import type { Precise, Schemas } from '@/shared/http/schema'

export type Consent = Schemas['Consent']
export type Customer = Precise<Schemas['Customer'], { consents: Consent[] }>

export interface FeatureValue { name: string; label: string; value: unknown; category: string; unit?: string; type?: string; freshness?: string | null }
export interface SegmentRef { id: string; name: string }

export interface Overview {
  features?: FeatureValue[]
  /** Why there are no features, when the warehouse is away. */
  features_problem?: string
  segments?: SegmentRef[]
}

export type Account = Schemas['Account']

type Context = { context: Record<string, unknown> | null }
export type Transaction = Precise<Schemas['Transaction'], Context>

export type TracedTransaction = Precise<Schemas['TracedTransaction'], Context>

export type Message = Schemas['Execution']
export interface Explanation { is_member: boolean; matches: boolean | null; as_of: string; trace: unknown }
export interface Moved { transaction_id: string | null; points_amount: number; points_balance: number; points_lost_to_caps?: number; value?: { amount: string; currency: string }; trace?: { reason?: string } }

type Params = Record<string, string | number>
const PAGE_SIZE = 10
const keyed = (key: string): Record<string, string> => ({ 'Idempotency-Key': key })

export const listCustomers = (params: Params, signal?: AbortSignal): Promise<Page<Customer>> => get<Page<Customer>>('customers/', params, signal)
export const getCustomer = (id: string, signal?: AbortSignal): Promise<Customer> => get<Customer>(`customers/${id}/`, {}, signal)
export const getOverview = (id: string, signal?: AbortSignal): Promise<Overview> => get<Overview>(`customers/${id}/360/`, {}, signal)
export const changeConsent = (id: string, consent: Pick<Consent, 'channel' | 'purpose' | 'is_granted'>, reason: string): Promise<unknown> => put(`customers/${id}/consents/`, { consents: [consent], reason })
export const listAccounts = (customerId: string, signal?: AbortSignal): Promise<Page<Account>> => get<Page<Account>>('loyaltyAccounts/', { customer_id: customerId, page_size: 50 }, signal)
export const listTransactions = (accountId: string, cursor: string, signal?: AbortSignal): Promise<Page<Transaction>> => get<Page<Transaction>>('loyaltyTransactions/', { account_id: accountId, cursor, page_size: PAGE_SIZE }, signal)
export const getTransaction = (id: string, signal?: AbortSignal): Promise<TracedTransaction> => get<TracedTransaction>(`loyaltyTransactions/${id}/`, {}, signal)
export const listMessages = (customerId: string, cursor: string, signal?: AbortSignal): Promise<Page<Message>> => get<Page<Message>>('campaignExecutions/', { customer_id: customerId, cursor, page_size: PAGE_SIZE }, signal)
export const explainSegment = (segmentId: string, customerId: string, signal?: AbortSignal): Promise<Explanation> => get<Explanation>(`segments/${segmentId}/explain/`, { customer_id: customerId }, signal)

export interface PurchaseRequest { account_id: string; transaction_amount: string; currency: string; transaction_context: Record<string, string> }
export interface GiftRequest { account_id: string; points: number; transaction_context: Record<string, string> }
export const earn = (request: PurchaseRequest | GiftRequest, key: string): Promise<Moved> => post<Moved>('services/points/earn/', request, keyed(key))
export const burn = (request: GiftRequest, key: string): Promise<Moved> => post<Moved>('services/points/burn/', request, keyed(key))
export const reverse = (request: { transaction_id: string; points?: number; reason: string }, key: string): Promise<Moved> => post<Moved>('services/points/reverse/', request, keyed(key))
export const enroll = (customerId: string, programId: string): Promise<Account> => post<Account>('loyaltyAccounts/', { customer_id: customerId, program_id: programId })
