/** What Vue Flow is told of a graph: ids, places and lines. What stays as it is stays the same object, so that nothing else is drawn anew. */
import { computed, type ComputedRef } from 'vue'
import type { Graph, JourneyEdge, NodeKind, Point } from './graph'

export interface DrawnStep { id: string; type: NodeKind; position: Point; domAttributes: never }
export interface DrawnLine { id: string; source: string; target: string; sourceHandle: string; targetHandle: string; type: string; ariaLabel: string }

export function useDrawn(graph: () => Graph, branch: (code: string) => string): { nodes: ComputedRef<DrawnStep[]>; lines: ComputedRef<readonly JourneyEdge[]>; edges: ComputedRef<DrawnLine[]> } {
  let lastNodes: DrawnStep[] = []
  /** As long as nothing moved, typing in a panel does not reach the canvas. */
  const nodes = computed(() => {
    const before = new Map(lastNodes.map((node) => [node.id, node]))
    const made = graph().nodes.map((node): DrawnStep => {
      const known = before.get(node.id)
      const isSame = known?.type === node.kind && known.position.x === node.position.x && known.position.y === node.position.y
      return isSame ? known : { id: node.id, type: node.kind, position: { ...node.position }, domAttributes: { 'aria-roledescription': undefined } as never }
    })
    const isUnchanged = made.length === lastNodes.length && made.every((node, place) => node === lastNodes[place])
    if (!isUnchanged) lastNodes = made
    return lastNodes
  })

  const lines = computed(() => graph().edges)
  let known = new Map<JourneyEdge, DrawnLine>()
  const edges = computed(() => {
    const before = known
    known = new Map(lines.value.map((edge) => {
      const ariaLabel = branch(edge.branch)
      const drawn = before.get(edge)
      return [edge, drawn?.ariaLabel === ariaLabel ? drawn : { id: edge.id, source: edge.source, target: edge.target, sourceHandle: edge.branch, targetHandle: 'in', type: 'step', ariaLabel }]
    }))
    return [...known.values()]
  })
  return { nodes, lines, edges }
}
