/**
 * One local, immutable document of a builder: undo and redo, a dirty flag, and a guard against leaving unsaved.
 *
 * Typing bursts are one step: changes under the same `burst` name within a second replace each other in the history.
 */
import { computed, onBeforeUnmount, onMounted, shallowRef } from 'vue'
import { onBeforeRouteLeave } from 'vue-router'

const STEPS_MAX = 200
const BURST_MS = 1_000

export function useHistory<T>(first: T) {
  const current = shallowRef<T>(first)
  const saved = shallowRef<T>(first)
  const past = shallowRef<readonly T[]>([])
  const future = shallowRef<readonly T[]>([])
  let lastBurst = ''
  let lastAt = 0

  function change(next: T, burst = ''): void {
    if (Object.is(next, current.value)) return
    const at = Date.now()
    const goesOn = burst !== '' && burst === lastBurst && at - lastAt < BURST_MS && past.value.length > 0
    if (!goesOn) past.value = [...past.value, current.value].slice(-STEPS_MAX)
    lastBurst = burst
    lastAt = at
    future.value = []
    current.value = next
  }

  function undo(): void {
    const before = past.value.at(-1)
    if (before === undefined) return
    past.value = past.value.slice(0, -1)
    future.value = [current.value, ...future.value]
    current.value = before
    lastBurst = ''
  }

  function redo(): void {
    const [after, ...rest] = future.value
    if (after === undefined) return
    past.value = [...past.value, current.value]
    future.value = rest
    current.value = after
    lastBurst = ''
  }

  /** What is here now is what the server has; or what was here when it was sent, if the work went on meanwhile. */
  function markSaved(sent: T = current.value): void {
    saved.value = sent
    if (Object.is(sent, current.value)) lastBurst = ''
  }

  /** Start over with what the server has; the history begins anew. */
  function reset(next: T): void {
    current.value = next
    saved.value = next
    past.value = []
    future.value = []
    lastBurst = ''
  }

  // By content: undone by hand is as clean as undone by Ctrl+Z.
  const isDirty = computed(() => !Object.is(current.value, saved.value) && JSON.stringify(current.value) !== JSON.stringify(saved.value))
  const canUndo = computed(() => past.value.length > 0)
  const canRedo = computed(() => future.value.length > 0)

  return { current, change, undo, redo, markSaved, reset, isDirty, canUndo, canRedo }
}

/** The history above inside a page: asks before the route or the tab is left with unsaved changes. */
export function useDocument<T>(first: T) {
  const history = useHistory<T>(first)
  const isLeaving = shallowRef(false)
  let answer: ((leave: boolean) => void) | null = null
  let mayLeave = false

  function beforeUnload(event: BeforeUnloadEvent): void {
    if (history.isDirty.value) event.preventDefault()
  }
  onMounted(() => window.addEventListener('beforeunload', beforeUnload))
  onBeforeUnmount(() => window.removeEventListener('beforeunload', beforeUnload))

  onBeforeRouteLeave(() => {
    if (mayLeave || !history.isDirty.value) return true
    isLeaving.value = true
    return new Promise<boolean>((resolve) => (answer = resolve))
  })

  function decide(leave: boolean): void {
    isLeaving.value = false
    answer?.(leave)
    answer = null
  }

  /** The page goes away on purpose (deleted, or saved under a new address). */
  function allowLeaving(): void {
    mayLeave = true
  }

  return { ...history, isLeaving, decide, allowLeaving }
}
