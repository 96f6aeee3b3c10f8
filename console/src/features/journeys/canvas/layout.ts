/** Tidying up: steps in rows from the start downwards, the first way out of a fork on the left. */
import { Graph as Layout, layout } from '@dagrejs/dagre'
import { branchesOf, CARD, snapped, type Graph, type Point } from './graph'

const GAP = { across: 56, down: 72 } as const
/** The yes of a condition stays straight before ways for failure or time-out do. */
const WEIGHTS = { fork: 10, plain: 4, side: 1 } as const
const SIDE = new Set(['failure', 'skip', 'unknown', 'timeout'])

/** The place of each step; steps that nothing leads to stand beside the others. */
export function tidied(graph: Graph): Map<string, Point> {
  const drawing = new Layout()
  drawing.setGraph({ rankdir: 'TB', nodesep: GAP.across, ranksep: GAP.down })
  drawing.setDefaultEdgeLabel(() => ({}))
  // The order in which steps are given decides who stands left, so it follows the branches and not the history of clicks.
  const order = walk(graph)
  for (const id of order) drawing.setNode(id, { width: CARD.width, height: CARD.height })
  for (const id of order) {
    const node = graph.nodes.find((one) => one.id === id)
    if (!node) continue
    const ways = branchesOf(node)
    const lines = graph.edges.filter((edge) => edge.source === id).sort((left, right) => ways.indexOf(left.branch) - ways.indexOf(right.branch))
    for (const edge of lines) drawing.setEdge(edge.source, edge.target, { weight: SIDE.has(edge.branch) ? WEIGHTS.side : ways.length > 1 ? WEIGHTS.fork : WEIGHTS.plain })
  }
  layout(drawing, { constraints: constraintsOf(graph) })
  return new Map(order.map((id) => {
    const at = drawing.node(id) as unknown as Point
    return [id, snapped({ x: at.x - CARD.width / 2, y: at.y - CARD.height / 2 })]
  }))
}

/** Breadth first from the start, then what is left over. */
function walk(graph: Graph): string[] {
  const seen = new Set<string>()
  const queue = [...graph.nodes.filter((node) => node.kind === 'start'), ...graph.nodes].map((node) => node.id)
  const order: string[] = []
  const visit = (first: string): void => {
    const open = [first]
    for (let id = open.shift(); id !== undefined; id = open.shift()) {
      if (seen.has(id)) continue
      seen.add(id)
      order.push(id)
      const node = graph.nodes.find((one) => one.id === id)
      if (!node) continue
      for (const branch of branchesOf(node)) {
        const edge = graph.edges.find((one) => one.source === id && one.branch === branch)
        if (edge && !seen.has(edge.target)) open.push(edge.target)
      }
    }
  }
  for (const id of queue) visit(id)
  return order
}

/** Neighbours in the order of the branches, for forks whose ways lead to different steps. */
function constraintsOf(graph: Graph): { left: string; right: string }[] {
  return graph.nodes.flatMap((node) => {
    const targets = branchesOf(node).flatMap((branch) => graph.edges.find((edge) => edge.source === node.id && edge.branch === branch)?.target ?? [])
    const apart = [...new Set(targets)].filter((target) => graph.edges.filter((edge) => edge.target === target).length === 1)
    return apart.slice(1).map((right, place) => ({ left: apart[place] ?? right, right }))
  })
}
