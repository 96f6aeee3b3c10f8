/** What Vue Flow is told of a graph: ids, places and lines; notes are drawn whatever part of it is. What stays as it is stays the same object, so that nothing else is drawn anew. */
import { computed, type ComputedRef } from 'vue'
import { notesOf, type Graph, type JourneyEdge, type NodeKind, type Point } from './graph'
import type { Part } from './part'

export interface DrawnStep { id: string; type: NodeKind | 'note'; position: Point; zIndex: number; domAttributes: never }
export interface DrawnLine { id: string; source: string; target: string; sourceHandle: string; targetHandle: string; type: string; ariaLabel: string }

export interface Drawing {
  graph: () => Graph
  branch: (code: string) => string
  /** What of the graph is drawn; null for all of it. */
  part: () => Part | null
  /** Where a step is while it is dragged and its place in the graph is still the old one. */
  held: (id: string) => Point | undefined
}

/** Under the lines, also when it is chosen, which lifts it by a thousand. */
const NOTE_LAYER = -1_001

const isSameList = (one: readonly unknown[], other: readonly unknown[]): boolean => one.length === other.length && one.every((item, place) => item === other[place])

export function useDrawn({ graph, branch, part, held }: Drawing): { nodes: ComputedRef<DrawnStep[]>; edges: ComputedRef<DrawnLine[]> } {
  let knownSteps = new Map<string, DrawnStep>()
  /** As long as nothing moved, typing in a panel does not reach the canvas. */
  const nodes = computed<DrawnStep[]>((last) => {
    const wanted = part()?.nodes
    const drawn = (id: string, type: DrawnStep['type'], position: Point): DrawnStep => {
      const known = knownSteps.get(id)
      const { x, y } = held(id) ?? position
      const isSame = known?.type === type && known.position.x === x && known.position.y === y
      return isSame ? known : { id, type, position: { x, y }, zIndex: type === 'note' ? NOTE_LAYER : 0, domAttributes: { 'aria-roledescription': undefined } as never }
    }
    const steps = graph().nodes.filter((node) => wanted?.has(node.id) ?? true).map((node) => drawn(node.id, node.kind, node.position))
    const made = [...steps, ...notesOf(graph()).map((note) => drawn(note.id, 'note', note.position))]
    knownSteps = new Map(made.map((node) => [node.id, node]))
    return last && isSameList(made, last) ? last : made
  })

  let knownLines = new Map<JourneyEdge, DrawnLine>()
  const edges = computed<DrawnLine[]>((last) => {
    const wanted = part()?.edges
    const before = knownLines
    knownLines = new Map(graph().edges.filter((edge) => wanted?.has(edge.id) ?? true).map((edge) => {
      const ariaLabel = branch(edge.branch)
      const drawn = before.get(edge)
      return [edge, drawn?.ariaLabel === ariaLabel ? drawn : { id: edge.id, source: edge.source, target: edge.target, sourceHandle: edge.branch, targetHandle: 'in', type: 'step', ariaLabel }]
    }))
    const made = [...knownLines.values()]
    return last && isSameList(made, last) ? last : made
  })
  return { nodes, edges }
}
