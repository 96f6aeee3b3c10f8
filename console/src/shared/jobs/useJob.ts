/**
 * Follows one run of the server until it ends: across reloads, lost connections and silent workers.
 *
 * There is always something true to show. When the figures stand still the state says `stalled`, when the server
 * cannot be asked it says `unreachable`; both go on asking, slower, and both offer the user a way out.
 */
import { computed, onScopeDispose, shallowRef } from 'vue'
import { toProblem } from '@/shared/http/problems'
import { cancelRun, getRun, isFinished, type Run } from './runs'

export type JobState = 'idle' | 'waiting' | 'running' | 'stalled' | 'unreachable' | 'succeeded' | 'failed' | 'cancelled'

export const POLL_FIRST_MS = 400
export const POLL_USUAL_MS = 1_000
export const POLL_SLOW_MS = 5_000
/** A run that shows no progress this long has probably lost its worker; its lease is shorter than this. */
export const STALLED_AFTER_MS = 45_000
const FAILURES_UNTIL_UNREACHABLE = 3

export interface JobOptions {
  /** Names the run in this browser, so that a reload finds it again: for example `segments:<id>`. */
  storageKey: string | (() => string)
  onFinished?: (run: Run) => void
}

export function useJob(options: JobOptions) {
  const keyOf = (): string => `khaywe:run:${typeof options.storageKey === 'string' ? options.storageKey : options.storageKey()}`
  let key = keyOf()
  const run = shallowRef<Run | null>(null)
  const state = shallowRef<JobState>('idle')
  let runId: string | null = null
  let timer: ReturnType<typeof setTimeout> | undefined
  let failures = 0
  let polls = 0
  let fingerprint = ''
  let movedAt = 0
  let generation = 0

  const isActive = computed(() => ['waiting', 'running', 'stalled', 'unreachable'].includes(state.value))
  const percent = computed(() => {
    const current = run.value
    if (current?.total === null || current?.total === undefined || current.total <= 0) return null
    return Math.min(100, Math.round((current.done / current.total) * 100))
  })

  function stop(): void {
    generation += 1
    clearTimeout(timer)
    runId = null
  }

  function finish(ended: Run): void {
    stop()
    localStorage.removeItem(key)
    state.value = ended.status === 'SUCCEEDED' ? 'succeeded' : ended.status === 'FAILED' ? 'failed' : 'cancelled'
    options.onFinished?.(ended)
  }

  function take(current: Run): void {
    run.value = current
    if (isFinished(current)) {
      finish(current)
      return
    }
    const seen = `${current.status}|${current.phase}|${current.done}`
    if (seen !== fingerprint) {
      fingerprint = seen
      movedAt = Date.now()
    }
    const isStill = Date.now() - movedAt >= STALLED_AFTER_MS
    state.value = isStill ? 'stalled' : current.status === 'PENDING' ? 'waiting' : 'running'
    schedule(isStill ? POLL_SLOW_MS : polls < 5 ? POLL_FIRST_MS : POLL_USUAL_MS)
  }

  function schedule(delay: number): void {
    clearTimeout(timer)
    const mine = generation
    timer = setTimeout(() => void poll(mine), delay)
  }

  async function poll(mine: number): Promise<void> {
    if (mine !== generation || runId === null) return
    polls += 1
    try {
      const current = await getRun(runId)
      if (mine !== generation) return
      failures = 0
      take(current)
    } catch (error) {
      if (mine !== generation) return
      const problem = toProblem(error)
      if (problem.status === 404 || problem.status === 401 || problem.status === 403) {
        dismiss()
        return
      }
      failures += 1
      if (failures >= FAILURES_UNTIL_UNREACHABLE) state.value = 'unreachable'
      schedule(failures >= FAILURES_UNTIL_UNREACHABLE ? POLL_SLOW_MS : POLL_USUAL_MS)
    }
  }

  function begin(id: string): void {
    stop()
    key = keyOf()
    runId = id
    failures = 0
    polls = 0
    fingerprint = ''
    movedAt = Date.now()
    localStorage.setItem(key, id)
  }

  /** Follow a run that was just started, or one the server says is under way. */
  function follow(started: Pick<Run, 'id'> & Partial<Run>): void {
    if (runId === started.id) return
    begin(started.id)
    run.value = { kind: '', status: 'PENDING', phase: '', done: 0, total: null, result: null, error: null, started_at: null, finished_at: null, ...started }
    state.value = 'waiting'
    schedule(POLL_FIRST_MS)
  }

  /** Pick up what a reload interrupted. */
  function resume(): void {
    key = keyOf()
    const id = localStorage.getItem(key)
    if (id === null || runId === id) return
    follow({ id })
    checkNow()
  }

  function checkNow(): void {
    if (runId !== null) void poll(generation)
  }

  async function cancel(): Promise<void> {
    if (runId === null) return
    await cancelRun(runId)
    checkNow()
  }

  /** Stop showing it; the work itself goes on at the server. */
  function dismiss(): void {
    stop()
    localStorage.removeItem(key)
    run.value = null
    state.value = 'idle'
  }

  /** Let go without forgetting: the page shows something else now, and `resume` may find the run again. */
  function release(): void {
    stop()
    run.value = null
    state.value = 'idle'
  }

  onScopeDispose(stop)

  return { run, state, isActive, percent, follow, resume, checkNow, cancel, dismiss, release }
}

export type Job = ReturnType<typeof useJob>
