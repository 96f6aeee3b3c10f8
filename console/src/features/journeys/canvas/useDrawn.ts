/** What Vue Flow is told of a graph: ids, places and lines. What stays as it is stays the same object, so that nothing else is drawn anew. */
import { computed, type ComputedRef } from 'vue'
import type { Graph, JourneyEdge, NodeKind, Point } from './graph'
import type { Part } from './part'

export interface DrawnStep { id: string; type: NodeKind; position: Point; domAttributes: never }
export interface DrawnLine { id: string; source: string; target: string; sourceHandle: string; targetHandle: string; type: string; ariaLabel: string }

export interface Drawing {
  graph: () => Graph
  branch: (code: string) => string
  /** What of the graph is drawn; null for all of it. */
  part: () => Part | null
  /** Where a step is while it is dragged and its place in the graph is still the old one. */
  held: (id: string) => Point | undefined
}

const isSameList = (one: readonly unknown[], other: readonly unknown[]): boolean => one.length === other.length && one.every((item, place) => item === other[place])

export function useDrawn({ graph, branch, part, held }: Drawing): { nodes: ComputedRef<DrawnStep[]>; edges: ComputedRef<DrawnLine[]> } {
  let knownSteps = new Map<string, DrawnStep>()
  /** As long as nothing moved, typing in a panel does not reach the canvas. */
  const nodes = computed<DrawnStep[]>((last) => {
    const wanted = part()?.nodes
    const made = graph().nodes.filter((node) => wanted?.has(node.id) ?? true).map((node): DrawnStep => {
      const known = knownSteps.get(node.id)
      const { x, y } = held(node.id) ?? node.position
      const isSame = known?.type === node.kind && known.position.x === x && known.position.y === y
      return isSame ? known : { id: node.id, type: node.kind, position: { x, y }, domAttributes: { 'aria-roledescription': undefined } as never }
    })
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
