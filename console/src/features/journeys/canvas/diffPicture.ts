/** Two graphs as one picture: the newer one, with what was taken away standing beside it; pure. */
import type { GraphDiff } from '../journeys.api'
import type { Mark } from './context'
import { findNode, freeSpot, type Graph, type JourneyEdge } from './graph'

export interface DiffPicture { graph: Graph; lines: ReadonlyMap<string, Mark> }

const way = (edge: { source: string; branch: string; target: string }): string => `${edge.source} ${edge.branch} ${edge.target}`

/** Without the older graph only what is new and changed can be drawn. */
export function pictureOf(diff: GraphDiff, after: Graph, before: Graph | null): DiffPicture {
  const lines = new Map<string, Mark>()
  const isNew = new Set([...diff.edges.added, ...(diff.edges.changed ?? [])].map(way))
  for (const edge of after.edges) if (isNew.has(way(edge))) lines.set(edge.id, 'added')
  if (!before) return { graph: after, lines }

  let graph = after
  for (const gone of diff.nodes.removed) {
    const node = findNode(before, gone.id)
    if (node) graph = { ...graph, nodes: [...graph.nodes, { ...node, position: freeSpot(graph, node.position) }] }
  }
  const isThere = new Set(after.edges.map(way))
  const gone: JourneyEdge[] = before.edges
    .filter((edge) => !isThere.has(way(edge)) && findNode(graph, edge.source) !== undefined && findNode(graph, edge.target) !== undefined)
    .map((edge) => ({ ...edge, id: `gone-${edge.id}` }))
  for (const edge of gone) lines.set(edge.id, 'removed')
  return { graph: { ...graph, edges: [...graph.edges, ...gone] }, lines }
}
