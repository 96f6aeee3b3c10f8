/** The way somebody took, as the canvas shows it: the turns at each step and the lines between. */
import type { Trail } from './context'
import type { Graph } from './graph'

export interface Visit { node_id: string; branch: string | null }

export function trailOf(graph: Graph, path: readonly Visit[], current: string | null = null): Trail {
  const nodes = new Map<string, number[]>()
  const edges = new Set<string>()
  for (const [place, visit] of path.entries()) {
    nodes.set(visit.node_id, [...(nodes.get(visit.node_id) ?? []), place + 1])
    const next = path[place + 1]
    // A way that is not drawn, such as a skip that follows success, is shown on the line that was taken.
    const edge = graph.edges.find((one) => one.source === visit.node_id && one.branch === visit.branch) ?? graph.edges.find((one) => one.source === visit.node_id && one.target === next?.node_id)
    if (edge && next) edges.add(edge.id)
  }
  return { nodes, edges, current }
}
