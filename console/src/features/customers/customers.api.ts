/** Customers over HTTP: the person, what is known of them, and what they allow. */
import { create, get, patchTagged, post, put } from '@/shared/http/client'
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

export type Message = Schemas['Execution']
export interface Explanation { is_member: boolean; matches: boolean | null; as_of: string; trace: unknown }

type Params = Record<string, string | number>
const PAGE_SIZE = 10

export const listCustomers = (params: Params, signal?: AbortSignal): Promise<Page<Customer>> => get<Page<Customer>>('customers/', params, signal)
export const getCustomer = (id: string, signal?: AbortSignal): Promise<Customer> => get<Customer>(`customers/${id}/`, {}, signal)
export const getOverview = (id: string, signal?: AbortSignal): Promise<Overview> => get<Overview>(`customers/${id}/360/`, {}, signal)
export const changeConsent = (id: string, consent: Pick<Consent, 'channel' | 'purpose' | 'is_granted'>, reason: string): Promise<unknown> => put(`customers/${id}/consents/`, { consents: [consent], reason })
export const eraseCustomer = (id: string, confirmation: string, reason: string): Promise<Schemas['ErasureCertificate']> => post<Schemas['ErasureCertificate']>(`customers/${id}/erase/`, { confirmation, reason })
export const mergeCustomer = (id: string, into: string, confirmation: string, reason: string): Promise<Schemas['MergeCertificate']> => post<Schemas['MergeCertificate']>(`customers/${id}/merge/`, { into, confirmation, reason })
export type Attribute = Schemas['Attribute']
export type HeldValue = Precise<Schemas['HeldValue'], { value: unknown }>
export const listAttributes = (params: Params, signal?: AbortSignal): Promise<Page<Attribute>> => get<Page<Attribute>>('customerAttributes/', params, signal)
export const defineAttribute = (attribute: Pick<Attribute, 'code' | 'label' | 'kind' | 'description'> & { choices?: string[] }): Promise<Attribute> => create<Attribute>('customerAttributes/', attribute)
export const changeAttribute = async (attribute: Attribute, part: Partial<Pick<Attribute, 'label' | 'description' | 'choices' | 'is_active'>>): Promise<Attribute> => (await patchTagged<Attribute>(`customerAttributes/${attribute.id}/`, part, `"${attribute.version}"`)).data
export const listValues = (id: string, signal?: AbortSignal): Promise<HeldValue[]> => get<HeldValue[]>(`customers/${id}/attributes/`, {}, signal)
export const changeValues = async (id: string, values: Record<string, string | null>): Promise<HeldValue[]> => (await patchTagged<HeldValue[]>(`customers/${id}/attributes/`, { values }, null)).data
export const listMessages = (customerId: string, cursor: string, signal?: AbortSignal): Promise<Page<Message>> => get<Page<Message>>('campaignExecutions/', { customer_id: customerId, cursor, page_size: PAGE_SIZE }, signal)
export const explainSegment = (segmentId: string, customerId: string, signal?: AbortSignal): Promise<Explanation> => get<Explanation>(`segments/${segmentId}/explain/`, { customer_id: customerId }, signal)

export const enroll = (customerId: string, programId: string): Promise<{ program_name: string }> => post<{ program_name: string }>('loyaltyAccounts/', { customer_id: customerId, program_id: programId })
