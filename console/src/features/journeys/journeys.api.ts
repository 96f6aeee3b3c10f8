/** Journeys over HTTP: drafts, versions, life, people, figures, trying out. */
import { create, get, patchTagged, post, put, remove } from '@/shared/http/client'
import { newKey } from '@/shared/http/newKey'
import type { Page } from '@/shared/http/pages'
import { completed, type Graph, type NodeKind } from './canvas/graph'

export type JourneyStatus = 'DRAFT' | 'ACTIVE' | 'PAUSED' | 'ARCHIVED'
export const EXECUTION_STATES = ['NOT_STARTED', 'IN_PROGRESS', 'WAITING', 'COMPLETED', 'FAILED', 'EXITED', 'CANCELLED', 'EXPIRED'] as const
export type ExecutionState = (typeof EXECUTION_STATES)[number]

export interface Problem {
  code: string
  severity: 'error' | 'warning'
  node_id: string | null
  edge_id: string | null
  field: string | null
  message: string
  /** What to do about it. */
  repair: string
  /** Found in this browser, and said in the reader's language already. */
  is_worded?: boolean
}

export interface People { in_progress: number; waiting: number; completed: number; exited: number; failed: number }

export interface Draft {
  revision: number
  graph: Graph
  problems: Problem[]
  saved_at: string | null
}

export interface Journey {
  id: string
  name: string
  description: string
  status: JourneyStatus
  draft: Draft
  live_version: number | null
  has_unpublished_changes: boolean
  people: People
  created_at: string
  updated_at: string
}
export type JourneyRow = Omit<Journey, 'draft'>

export interface SavedDraft { revision: number; saved_at: string; problems: Problem[] }
/** What the server tells when somebody else saved first. */
export interface DraftConflict { revision: number; graph: Graph; changed_by: string; changed_at: string }

export interface Version { number: number; published_at: string; published_by: string; comment: string; people: number }

export interface Difference { path: string; before: unknown; after: unknown }
export interface GraphDiff {
  nodes: { added: NamedNode[]; removed: NamedNode[]; changed: (NamedNode & { fields: Difference[] })[] }
  edges: { added: PlainEdge[]; removed: PlainEdge[]; changed?: RedirectedEdge[] }
  settings: Difference[]
  words: string[]
}
export interface NamedNode { id: string; name: string; kind?: NodeKind }
/** A way out that leads elsewhere than before. */
export type RedirectedEdge = PlainEdge & { target_before: string }
export interface PlainEdge { id?: string; source: string; target: string; branch: string }

export type Policy = 'stay' | 'move' | 'exit'
export interface Plan { policy: Policy; node_map: Record<string, string | null> }
export interface Fate { version: number; node_id: string; node_name: string; count: number; fate: Policy; target: string | null }
/** Who stood at a step and comes back at a roll-back, or why not. */
export interface Returned { publication: number; version: number; node_id: string; node_name: string; fate: 'back' | 'again' | 'moved_on' | 'happened'; count: number }
export interface Publication { dry_run: boolean; version: number | null; people: Fate[]; returned: Returned[]; problems: Problem[] }

export interface Execution {
  id: string
  journey_id: string
  journey_name: string
  version: number
  /** Null when the customer was erased. */
  customer_id: string | null
  customer_ref: string | null
  state: ExecutionState
  /** Recorded to be compared with, and left alone. */
  is_held_out: boolean
  current_node_id: string
  current_node_name: string
  key: string
  attempts: number
  outcome: string
  reason: string
  started_at: string
  entered_at: string
  goal_at: string | null
  ended_at: string | null
  due_at: string | null
}
export interface ExecutionStep {
  node_id: string
  node_name: string
  kind: NodeKind
  branch: string | null
  entered_at: string
  left_at: string | null
  result: unknown
  reasons: string[]
}
export type ExecutionDetail = Execution & { context: Record<string, unknown>; steps: ExecutionStep[] }

export interface NodeFigures {
  node_id: string
  node_name?: string
  entered: number
  here_now: number
  left: Record<string, number>
  failed: number
  median_seconds: number | null
}
export interface Analytics {
  entered: number
  held_out: number
  by_state: Partial<Record<ExecutionState, number>>
  nodes: NodeFigures[]
  goal: { reached: number; rate: number | null; window_days?: number | null; holdout_rate: number | null; uplift: number | null; interval: readonly number[] | null } | null
  funnel: { node_id: string; node_name: string; entered: number; share: number | null; depth: number }[]
}

export interface TestEvent { after_seconds: number; event_type: string; event_data: Record<string, unknown> }
export interface TestRequest {
  customer_id: string
  graph: Graph
  context?: Record<string, unknown>
  starts_at?: string
  events: TestEvent[]
  assume: Record<string, string>
}
export interface TestStep {
  node_id: string
  node_name: string
  kind: NodeKind
  entered_at: string
  left_at: string | null
  branch: string | null
  reasons: string[]
  effect: Effect | null
  warnings: string[]
}
/** What a step would do, in words, and the message as it would read. */
export interface Effect { words?: string; channel?: string; subject?: string; text?: string; html?: string; [fact: string]: unknown }
export interface TestRun {
  sends_nothing: true
  state: ExecutionState
  outcome: string
  reason?: string
  starts_at: string
  /** Null while it waits for something that never came. */
  ends_at: string | null
  waits_until?: string | null
  path: TestStep[]
}

/** One thing to fill in on an action, as the server names it; bounds are of a number, or of a text's length. */
export interface ActionField {
  name: string
  type: string
  title?: string
  is_required?: boolean
  required?: boolean
  description?: string
  choices?: readonly string[] | readonly { value: string; label: string }[]
  minimum?: number | null
  maximum?: number | null
  default?: unknown
}
export interface ActionKind {
  kind: string
  title: string
  description: string
  icon: string
  group: string
  fields: ActionField[]
  is_available: boolean
  unavailable_reason: string
}
export interface Kinds {
  nodes: { kind: NodeKind; title: string; description: string }[]
  actions: ActionKind[]
  /** What a journey may begin with or wait for. */
  events?: { event_type: string; fields: { name: string; type: string; label: string }[] }[]
}
export interface Template { code: string; title: string; description: string; graph: Graph }

type Params = Record<string, string | number>
const at = (id: string, rest = ''): string => `journeys/${id}/${rest}`
const whole = (journey: Journey): Journey => ({ ...journey, draft: { ...journey.draft, graph: completed(journey.draft.graph) } })

export const listJourneys = (params: Params, signal?: AbortSignal): Promise<Page<JourneyRow>> => get<Page<JourneyRow>>('journeys/', params, signal)
export const getJourney = async (id: string, signal?: AbortSignal): Promise<Journey> => whole(await get<Journey>(at(id), {}, signal))
export const createJourney = async (made: { name: string; description: string; graph: Graph }): Promise<Journey> => whole(await create<Journey>('journeys/', made))
export const renameJourney = async (id: string, part: { name?: string; description?: string }): Promise<Journey> => whole((await patchTagged<Journey>(at(id), part, null)).data)
export const deleteJourney = (id: string): Promise<void> => remove(at(id))
export const saveDraft = (id: string, graph: Graph, revision: number): Promise<SavedDraft> => put<SavedDraft>(at(id, 'draft/'), { graph, revision })

export const listVersions = async (id: string, signal?: AbortSignal): Promise<Version[]> => listOf(await get<Version[] | Page<Version>>(at(id, 'versions/'), {}, signal))
export const getVersion = async (id: string, number: number, signal?: AbortSignal): Promise<Version & { graph: Graph }> => {
  const version = await get<Version & { graph: Graph }>(at(id, `versions/${number}/`), {}, signal)
  return { ...version, graph: completed(version.graph) }
}
export const restoreVersion = (id: string, number: number): Promise<unknown> => post(at(id, `versions/${number}/restore/`))
export const diffVersions = (id: string, from: number | 'draft', to: number | 'draft', signal?: AbortSignal): Promise<GraphDiff> => get<GraphDiff>(at(id, 'versions/diff/'), { from, to }, signal)
export const publish = (id: string, body: { revision: number; comment: string; plan: Plan; dry_run: boolean }): Promise<Publication> => post<Publication>(at(id, 'publish/'), body)
export const rollBack = (id: string, body: { to_version: number; plan: Plan; takes_back: boolean; dry_run: boolean }): Promise<Publication> => post<Publication>(at(id, 'rollback/'), body)
export const activate = (id: string): Promise<unknown> => post(at(id, 'activate/'))
export const pause = (id: string, timers: 'run' | 'freeze'): Promise<unknown> => post(at(id, 'pause/'), { timers })
export const archive = (id: string): Promise<unknown> => post(at(id, 'archive/'))
export const startFor = (id: string, customerId: string): Promise<{ execution_id: string; state: ExecutionState }> => post(at(id, 'start/'), { customer_id: customerId }, { 'Idempotency-Key': newKey('console-') })


/** Who is led in at once: names that were pasted, a CSV file, or the members of a segment. */
export type ManyPeople = { customers: readonly string[] } | { file: File; column: string } | { segment: string }
export interface EntryOutcome { code: string; people: number }
export interface ManyStarted { dry_run: boolean; complete: boolean; named: number; outcomes: EntryOutcome[]; unknown: { line: number; value: string }[]; run: { id: string } | null }
export function startMany(id: string, people: ManyPeople, told: { reason: string; dry_run: boolean }, key: string): Promise<ManyStarted> {
  return post<ManyStarted>(at(id, 'start-many/'), 'file' in people ? formOf({ ...people, ...told }) : { ...people, ...told }, { 'Idempotency-Key': key })
}
function formOf(parts: Record<string, string | boolean | File>): FormData {
  const form = new FormData()
  for (const [name, part] of Object.entries(parts)) form.append(name, typeof part === 'boolean' ? String(part) : part)
  return form
}

export const listExecutions = (params: Params, signal?: AbortSignal): Promise<Page<Execution>> => get<Page<Execution>>('journeyExecutions/', params, signal)
export const getExecution = (id: string, signal?: AbortSignal): Promise<ExecutionDetail> => get<ExecutionDetail>(`journeyExecutions/${id}/`, {}, signal)
export const exitExecution = (id: string, reason: string): Promise<unknown> => post(`journeyExecutions/${id}/exit/`, { reason })
export const moveExecution = (id: string, nodeId: string, reason: string): Promise<unknown> => post(`journeyExecutions/${id}/move/`, { node_id: nodeId, reason })
/** Everybody at a step, of one version or of all: to another step, or out of the journey. */
export interface Leading { node_id: string; to: string | null; version: number | null }
export const leadPeople = (id: string, body: Leading & { reason: string; dry_run: boolean }): Promise<{ dry_run: boolean; people: number }> => post(at(id, 'people/'), body)
export const getAnalytics = (id: string, params: Params, signal?: AbortSignal): Promise<Analytics> => get<Analytics>(at(id, 'analytics/'), params, signal)
/** Whose time came more than ten minutes ago and who has not gone on. */
export interface Stuck { execution_id: string; journey_id: string; journey_name: string; version: number; node_id: string; node_name: string; state: ExecutionState; customer_id: string | null; due_at: string; overdue_seconds: number; reason: string }
export const listStuck = (signal?: AbortSignal): Promise<Stuck[]> => get<Stuck[]>('journeys/stuck/', {}, signal)
export const testRun = (id: string, request: TestRequest): Promise<TestRun> => post<TestRun>(at(id, 'test-run/'), request)

export const getKinds = (signal?: AbortSignal): Promise<Kinds> => get<Kinds>('journeys/kinds/', {}, signal)
export const listTemplates = async (signal?: AbortSignal): Promise<Template[]> => listOf(await get<Template[] | Page<Template>>('journeys/templates/', {}, signal))
export const exportJourney = (id: string): Promise<unknown> => get<unknown>(at(id, 'export/'))
export const importJourney = (document: unknown): Promise<{ id: string; name: string; problems: Problem[] }> => create('journeys/import/', { document })

const listOf = <T>(answer: T[] | Page<T>): T[] => (Array.isArray(answer) ? answer : answer.results)
