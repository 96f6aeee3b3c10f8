/** Budgets of messages and what messages cost, over HTTP. */
import { get, post, remove } from '@/shared/http/client'
import type { Page } from '@/shared/http/pages'
import type { Precise, Schemas } from '@/shared/http/schema'

export const SCOPES = ['month', 'program', 'source'] as const
export type Scope = (typeof SCOPES)[number]
export type Budget = Precise<Schemas['MessageBudget'], { scope: Scope; ref: string | null }>
export type Costs = Schemas['MessageCosts']

export const listBudgets = (params: Record<string, unknown>, signal?: AbortSignal): Promise<Page<Budget>> => get<Page<Budget>>('messageBudgets/', params, signal)
/** Sets the budget of the month or of a program in place of the one that it has. */
export const setBudget = (body: { scope: Scope; ref: string | null; amount: string }): Promise<Budget> => post<Budget>('messageBudgets/', body)
export const removeBudget = (id: string): Promise<void> => remove(`messageBudgets/${id}/`)
export const getCosts = (signal?: AbortSignal): Promise<Costs> => get<Costs>('messageCosts/', {}, signal)
/** The name of the campaign whose budget it is; a source that is none has no name here. */
export const campaignName = async (ref: string, signal?: AbortSignal): Promise<string> => (await get<{ name: string }>(`campaigns/${ref}/`, {}, signal)).name
