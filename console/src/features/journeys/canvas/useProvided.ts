/** What the steps on a canvas read of the journey, of its figures and of what is chosen, and what pressing on them does. */
import { computed, type Ref } from 'vue'
import type { StepWords } from '../composables/useStepWords'
import type { NodeFigures, Problem } from '../journeys.api'
import { provideCanvas, wayKey, type CanvasContext, type Mark, type Trail } from './context'
import { notesOf, type Graph } from './graph'

export interface Shown {
  graph: Graph
  words: StepWords
  problems?: readonly Problem[]
  figures?: readonly NodeFigures[]
  trail?: Trail | null
  marks?: ReadonlyMap<string, Mark>
  lineMarks?: ReadonlyMap<string, Mark>
  isReadOnly?: boolean
}
type Acts = Pick<CanvasContext, 'open' | 'insert' | 'people' | 'resize' | 'zoom'>

export function useProvided(props: Shown, selected: Ref<ReadonlySet<string>>, choose: (ids: ReadonlySet<string>) => void, acts: Acts): CanvasContext {
  const context: CanvasContext = {
    ...acts,
    steps: computed(() => new Map(props.graph.nodes.map((node) => [node.id, node]))),
    edges: computed(() => new Map(props.graph.edges.map((edge) => [edge.id, edge]))),
    notes: computed(() => new Map(notesOf(props.graph).map((note) => [note.id, note]))),
    taken: computed(() => new Set(props.graph.edges.map((edge) => wayKey(edge.source, edge.branch)))),
    problems: computed(() => {
      const grouped = new Map<string, Problem[]>()
      for (const one of props.problems ?? []) if (one.node_id) grouped.set(one.node_id, [...(grouped.get(one.node_id) ?? []), one])
      return grouped
    }),
    wrongLines: computed(() => new Set((props.problems ?? []).flatMap((one) => one.edge_id ?? []))),
    figures: computed(() => new Map((props.figures ?? []).map((one) => [one.node_id, one]))),
    hasFigures: computed(() => (props.figures ?? []).length > 0),
    trail: computed(() => props.trail ?? null),
    marks: computed(() => props.marks ?? new Map()),
    lineMarks: computed(() => props.lineMarks ?? new Map()),
    selected: computed(() => selected.value),
    isReadOnly: computed(() => props.isReadOnly ?? false),
    icon: (node) => props.words.icon(node),
    summary: (node) => props.words.summary(node),
    branch: (node, branch) => props.words.branch(branch, node?.kind),
    note: (node) => props.words.note(node),
    select: (node, isAdding) => choose(new Set(isAdding ? [...selected.value, node] : [node])),
  }
  provideCanvas(context)
  return context
}
