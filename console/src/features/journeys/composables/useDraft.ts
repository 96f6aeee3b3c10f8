/**
 * The draft of a journey under edit: one local graph with undo, written to the draft by itself and never to what is live,
 * with an honest word on its state; somebody else's save is met, not overwritten, and a crash loses nothing.
 */
import { useDebounceFn, useEventListener } from '@vueuse/core'
import { computed, onBeforeUnmount, ref, shallowRef, watch, type Ref } from 'vue'
import { onBeforeRouteLeave } from 'vue-router'
import { same } from '@/shared/editing/drafts'
import type { EditingState } from '@/shared/editing/useEditing'
import { useDocument } from '@/shared/data/useDocument'
import { toProblem, type ProblemError } from '@/shared/http/problems'
import { completed, emptyGraph, type Graph } from '../canvas/graph'
import { mergeGraphs } from '../canvas/merge'
import { getJourney, getVersion, saveDraft, type DraftConflict, type Journey, type Problem } from '../journeys.api'

const PAUSE_MS = 1_200
const PAUSE_MAX_MS = 8_000
const KEEP_MS = 400
const AGAIN_MS = 6_000
const CONFLICT = 'journeys.draft_changed'

interface Kept { revision: number; graph: Graph; at: string }

export function useDraft(id: Ref<string>, mayEdit: Ref<boolean>) {
  const journey = shallowRef<Journey | null>(null)
  const revision = ref(0)
  const base = shallowRef<Graph>(emptyGraph())
  const problems = shallowRef<readonly Problem[]>([])
  const savedAt = ref<number | null>(null)
  const isLoading = ref(true)
  const isSaving = ref(false)
  const loadError = shallowRef<ProblemError | null>(null)
  const saveError = shallowRef<ProblemError | null>(null)
  const conflict = shallowRef<DraftConflict | null>(null)
  const kept = shallowRef<Kept | null>(null)
  /** What is live, once it was asked for. */
  const live = shallowRef<{ version: number; graph: Graph } | null>(null)
  const key = computed(() => `khaywe:journey:${id.value}`)

  // Before the guard of the document: what can be saved on the way out need not be asked about.
  onBeforeRouteLeave(async () => {
    if (document.isDirty.value && conflict.value === null && mayEdit.value) await save()
    return true
  })
  const document = useDocument<Graph>(emptyGraph())
  const graph = document.current

  const state = computed<EditingState>(() => {
    if (isLoading.value) return 'loading'
    if (loadError.value) return 'unloadable'
    if (isSaving.value) return 'saving'
    if (saveError.value) return 'failed'
    return document.isDirty.value ? 'dirty' : 'clean'
  })

  function begin(loaded: Journey): void {
    journey.value = loaded
    revision.value = loaded.draft.revision
    base.value = loaded.draft.graph
    problems.value = loaded.draft.problems
    savedAt.value = loaded.draft.saved_at ? Date.parse(loaded.draft.saved_at) : null
    document.reset(loaded.draft.graph)
    saveError.value = null
    conflict.value = null
  }

  async function load(): Promise<void> {
    loadError.value = null
    isLoading.value = journey.value?.id !== id.value
    try {
      begin(await getJourney(id.value))
      findKept()
    } catch (error) {
      loadError.value = toProblem(error)
    } finally {
      isLoading.value = false
    }
  }

  /** One save at a time; what was changed meanwhile follows with the next. */
  async function save(): Promise<boolean> {
    if (isSaving.value || conflict.value !== null || !mayEdit.value) return false
    const sent = graph.value
    isSaving.value = true
    saveError.value = null
    try {
      const saved = await saveDraft(id.value, sent, revision.value)
      revision.value = saved.revision
      base.value = sent
      problems.value = saved.problems
      savedAt.value = Date.parse(saved.saved_at) || Date.now()
      document.markSaved(sent)
      if (journey.value) journey.value = { ...journey.value, has_unpublished_changes: !(live.value?.version === journey.value.live_version && same(live.value?.graph, sent)) }
      if (!document.isDirty.value) forget()
      return true
    } catch (error) {
      meet(toProblem(error))
      return false
    } finally {
      isSaving.value = false
      if (document.isDirty.value && saveError.value === null) void saveSoon()
    }
  }

  function meet(problem: ProblemError): void {
    saveError.value = problem
    if (problem.code === CONFLICT) {
      const { revision: theirs, graph: their, changed_by, changed_at } = problem.facts as unknown as DraftConflict
      conflict.value = { revision: theirs, graph: completed(their), changed_by, changed_at }
    } else if (problem.isTemporary) again()
  }

  const saveSoon = useDebounceFn(() => { if (document.isDirty.value) void save() }, PAUSE_MS, { maxWait: PAUSE_MAX_MS })
  let timer: ReturnType<typeof setTimeout> | undefined
  function again(): void {
    clearTimeout(timer)
    timer = setTimeout(() => { if (document.isDirty.value) void save() }, AGAIN_MS)
  }

  /** A copy in this browser until the server has it. */
  const keep = useDebounceFn(() => {
    if (!document.isDirty.value || !mayEdit.value) return
    try {
      localStorage.setItem(key.value, JSON.stringify({ revision: revision.value, graph: graph.value, at: new Date().toISOString() } satisfies Kept))
    } catch { /* a full store must not stop the work; the server has the last save */ }
  }, KEEP_MS)
  const forget = (): void => localStorage.removeItem(key.value)

  function findKept(): void {
    kept.value = null
    const text = localStorage.getItem(key.value)
    if (text === null) return
    try {
      const found = JSON.parse(text) as Kept
      if (same(found.graph, graph.value)) forget()
      else kept.value = { ...found, graph: completed(found.graph) }
    } catch {
      forget()
    }
  }
  function takeKept(): void {
    if (kept.value) document.change(kept.value.graph)
    kept.value = null
  }
  function dropKept(): void {
    kept.value = null
    forget()
  }

  /** Takes what is live into the draft; undo brings the changes back. */
  async function revert(): Promise<void> {
    const version = journey.value?.live_version ?? null
    if (version === null) return
    live.value = { version, graph: completed((await getVersion(id.value, version)).graph) }
    change(live.value.graph)
  }

  /** My changes on top of their draft, step by step. */
  async function keepMine(): Promise<void> {
    const met = conflict.value
    if (!met) return
    const merged = mergeGraphs(base.value, graph.value, met.graph)
    revision.value = met.revision
    base.value = met.graph
    conflict.value = null
    document.change(merged)
    await save()
  }
  async function takeTheirs(): Promise<void> {
    forget()
    await load()
  }

  const change = (next: Graph, burst = ''): void => { if (mayEdit.value) document.change(next, burst) }

  watch(graph, () => {
    if (!document.isDirty.value) return
    void keep()
    void saveSoon()
  })
  watch(id, () => void load(), { immediate: true })
  useEventListener(window, 'online', () => { if (document.isDirty.value) void save() })
  onBeforeUnmount(() => clearTimeout(timer))

  return { ...document, graph, change, journey, revision, base, problems, savedAt, isSaving, state, loadError, saveError, conflict, kept, load, save, revert, keepMine, takeTheirs, takeKept, dropKept }
}
export type Draft = ReturnType<typeof useDraft>
