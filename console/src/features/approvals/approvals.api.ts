/** Approvals over HTTP: requests, decisions, workflows. */
import { get, patchTagged, post, remove } from '@/shared/http/client'
import type { Page } from '@/shared/http/pages'

export const STATES = ['PENDING', 'EXECUTED', 'REJECTED', 'EXPIRED', 'CANCELLED', 'VOIDED', 'BYPASSED'] as const
export type State = (typeof STATES)[number]
export type Verdict = 'APPROVE' | 'REJECT'
export const BOXES = ['to_decide', 'mine', 'decided', 'all'] as const
export type Box = (typeof BOXES)[number]

export interface Person {
  id: string
  name: string
}

export interface Decision {
  id: string
  step: number
  verdict: Verdict
  checker: Person
  on_behalf_of: Person | null
  comment: string
  at: string
}

export interface Step {
  name: string
  mode: 'ANY' | 'ALL'
  approvals_min: number
  roles: string[]
  users: string[]
  permission: string
}

export interface Difference {
  path: string
  change: 'added' | 'removed' | 'changed'
  before: unknown
  after: unknown
}

export interface ApprovalRequest {
  id: string
  kind: string
  title: string
  summary: string
  state: State
  subject_kind: string
  subject_ref: string
  /** The page of what it is about, when the console has one. */
  link: string
  maker: { kind: string; ref: string; name: string }
  reason: string
  amount: number | null
  amount_unit: string
  amount_summed: number | null
  before: unknown
  after: unknown
  diff: Difference[]
  payload_hash: string
  step: number
  steps: Step[]
  decisions: Decision[]
  can_decide: boolean
  why_not: string
  /** In whose place this person can decide, themselves first; told of one request, not in lists. */
  seats?: Person[]
  result: unknown
  created_at: string
  expires_at: string | null
  closed_at: string | null
  closed_reason: string
  review_of: string | null
  review_request: string | null
}

export interface Workflow {
  id: string
  kind: string
  name: string
  is_active: boolean
  amount_from: number | null
  window_hours: number | null
  expires_after_hours: number
  steps: Step[]
  version: number
  created_at: string
}
export type WorkflowDraft = Omit<Workflow, 'id' | 'version' | 'created_at'>

export interface Kind {
  kind: string
  title: string
  permission: string
  amount_unit: string
}

export const listRequests = (params: Record<string, unknown>, signal?: AbortSignal): Promise<Page<ApprovalRequest>> => get<Page<ApprovalRequest>>('approvalRequests/', params, signal)
export const getRequest = (id: string, signal?: AbortSignal): Promise<ApprovalRequest> => get<ApprovalRequest>(`approvalRequests/${id}/`, {}, signal)
/** The hash says which payload was looked at: a request that changed meanwhile is not decided. */
export const decide = (request: ApprovalRequest, verdict: Verdict, comment: string, behalf: string | null): Promise<unknown> => post('approvalDecisions/', { request: request.id, verdict, comment, payload_hash: request.payload_hash, on_behalf_of: behalf })
export const cancelRequest = (id: string, reason: string): Promise<unknown> => post(`approvalRequests/${id}/cancel/`, { reason })
export const bypassRequest = (id: string, reason: string): Promise<unknown> => post(`approvalRequests/${id}/bypass/`, { reason })

const resultsOf = <T>(answer: Page<T> | T[]): T[] => (Array.isArray(answer) ? answer : answer.results)
export const listWorkflows = async (signal?: AbortSignal): Promise<Workflow[]> => resultsOf(await get<Page<Workflow> | Workflow[]>('approvalWorkflows/', { page_size: 100 }, signal))
export const listKinds = async (signal?: AbortSignal): Promise<Kind[]> => resultsOf(await get<Page<Kind> | Kind[]>('approvalWorkflows/kinds/', {}, signal))
export const createWorkflow = (draft: WorkflowDraft): Promise<Workflow> => post<Workflow>('approvalWorkflows/', draft)
export const changeWorkflow = async (workflow: Workflow, part: Partial<WorkflowDraft>): Promise<Workflow> => (await patchTagged<Workflow>(`approvalWorkflows/${workflow.id}/`, part, `"${workflow.version}"`)).data
export const deleteWorkflow = (id: string): Promise<void> => remove(`approvalWorkflows/${id}/`)

export interface Delegation {
  id: string
  user: Person
  delegate: Person
  starts_at: string
  ends_at: string
  reason: string
  created_at: string
}
export const listDelegations = (params: Record<string, unknown>, signal?: AbortSignal): Promise<Page<Delegation>> => get<Page<Delegation>>('approvalDelegations/', params, signal)
/** Everybody who may decide. */
export const listCandidates = (signal?: AbortSignal): Promise<Person[]> => get<Person[]>('approvalDelegations/candidates/', {}, signal)
export const handOver = (body: { user: string | null; delegate: string; starts_at: string; ends_at: string; reason: string }): Promise<Delegation> => post<Delegation>('approvalDelegations/', body)
export const takeBack = (id: string): Promise<void> => remove(`approvalDelegations/${id}/`)

/** Roles to choose from, for who may decide. */
export const listRoles = async (signal?: AbortSignal): Promise<{ code: string; name: string }[]> => (await get<Page<{ code: string; name: string }>>('roles/', { page_size: 200 }, signal)).results
