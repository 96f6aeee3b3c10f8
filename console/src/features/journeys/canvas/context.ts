/** What the steps on the canvas read by injection instead of carrying it with them: Vue Flow then redraws only what moved. */
import { inject, provide, type ComputedRef, type InjectionKey } from 'vue'
import type { NodeFigures, Problem } from '../journeys.api'
import type { JourneyEdge, JourneyNode, Note, Place, Size } from './graph'

export type Mark = 'added' | 'changed' | 'removed'
/** The way one customer took: each step with its turns, and the lines between. */
export interface Trail { nodes: ReadonlyMap<string, number[]>; edges: ReadonlySet<string>; current: string | null }

export interface CanvasContext {
  steps: ComputedRef<ReadonlyMap<string, JourneyNode>>
  edges: ComputedRef<ReadonlyMap<string, JourneyEdge>>
  notes: ComputedRef<ReadonlyMap<string, Note>>
  /** Ways out that lead somewhere, as `node branch`. */
  taken: ComputedRef<ReadonlySet<string>>
  problems: ComputedRef<ReadonlyMap<string, readonly Problem[]>>
  /** Lines with something wrong, drawn red. */
  wrongLines: ComputedRef<ReadonlySet<string>>
  figures: ComputedRef<ReadonlyMap<string, NodeFigures>>
  hasFigures: ComputedRef<boolean>
  trail: ComputedRef<Trail | null>
  marks: ComputedRef<ReadonlyMap<string, Mark>>
  lineMarks: ComputedRef<ReadonlyMap<string, Mark>>
  selected: ComputedRef<ReadonlySet<string>>
  isReadOnly: ComputedRef<boolean>
  icon: (node: JourneyNode) => string
  summary: (node: JourneyNode) => string
  branch: (node: JourneyNode | undefined, branch: string) => string
  /** A word under the name for what the reader must not overlook, such as a channel that is not set up. */
  note: (node: JourneyNode) => string
  select: (id: string, isAdding: boolean) => void
  open: (id: string) => void
  insert: (place: Place) => void
  resize: (note: string, size: Size) => void
  /** How large the canvas is shown, for what follows the pointer on it. */
  zoom: () => number
  /** Lists who is at a step, or who failed there. */
  people: (id: string, isFailed: boolean) => void
}

const KEY: InjectionKey<CanvasContext> = Symbol('journey canvas')
export const wayKey = (node: string, branch: string): string => `${node} ${branch}`
export const provideCanvas = (context: CanvasContext): void => provide(KEY, context)

export function useCanvasContext(): CanvasContext {
  const context = inject(KEY)
  if (!context) throw new Error('a step was drawn outside of a canvas')
  return context
}
