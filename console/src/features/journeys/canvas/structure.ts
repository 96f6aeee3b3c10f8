/**
 * What can be wrong with how steps hang together, found while drawing: the same as the server finds when the draft is saved,
 * so that a line drawn wrongly says so at once.
 */
import { branchesOf, isRequired, type Graph, type JourneyEdge, type JourneyNode } from './graph'

export const STRUCTURAL = ['start_missing', 'start_many', 'end_missing', 'edge_dangling', 'branch_unknown', 'edge_into_start', 'branch_twice', 'branch_missing', 'unreachable', 'cycle_without_wait', 'cycle_unbounded', 'no_way_out'] as const
export type StructuralCode = (typeof STRUCTURAL)[number]

export interface Flaw {
  code: StructuralCode
  severity: 'error' | 'warning'
  node: JourneyNode | null
  edge: JourneyEdge | null
  branch: string | null
}
type Following = ReadonlyMap<string, readonly string[]>

const WARNINGS = new Set<StructuralCode>(['cycle_unbounded', 'no_way_out'])
const flaw = (code: StructuralCode, node: JourneyNode | null = null, edge: JourneyEdge | null = null, branch: string | null = null): Flaw => ({ code, severity: WARNINGS.has(code) ? 'warning' : 'error', node, edge, branch })

export function flawsOf(graph: Graph): Flaw[] {
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]))
  const starts = graph.nodes.filter((node) => node.kind === 'start')
  const sound = graph.edges.filter((edge) => nodes.has(edge.source) && nodes.has(edge.target))
  const taken = new Set(sound.map((edge) => `${edge.source} ${edge.branch}`))
  const following = ways(graph, sound, false)
  const reached = starts[0] ? walk(following, [starts[0].id]) : null
  return [
    ...(starts.length === 0 ? [flaw('start_missing')] : []),
    ...starts.slice(1).map((node) => flaw('start_many', node)),
    ...(graph.nodes.some((node) => node.kind === 'end') ? [] : [flaw('end_missing')]),
    ...lineFlaws(graph, nodes),
    ...graph.nodes.flatMap((node) => branchesOf(node).filter((branch) => isRequired(branch) && !taken.has(`${node.id} ${branch}`)).map((branch) => flaw('branch_missing', node, null, branch))),
    ...(reached ? graph.nodes.filter((node) => node.kind !== 'start' && !reached.has(node.id)).map((node) => flaw('unreachable', node)) : []),
    ...circleFlaws(graph, following),
    ...(reached ? endless(graph, sound, reached) : []),
  ]
}

function lineFlaws(graph: Graph, nodes: ReadonlyMap<string, JourneyNode>): Flaw[] {
  const seen = new Set<string>()
  return graph.edges.flatMap((edge) => {
    const source = nodes.get(edge.source)
    const target = nodes.get(edge.target)
    if (!source || !target) return [flaw('edge_dangling', source ?? null, edge)]
    const way = `${edge.source} ${edge.branch}`
    const isTwice = seen.has(way)
    seen.add(way)
    return [
      ...(branchesOf(source).includes(edge.branch) ? [] : [flaw('branch_unknown', source, edge, edge.branch)]),
      ...(target.kind === 'start' ? [flaw('edge_into_start', target, edge)] : []),
      ...(isTwice ? [flaw('branch_twice', source, edge, edge.branch)] : []),
    ]
  })
}

/** Circles that nothing pauses, and such as only the bound of visits ends. */
function circleFlaws(graph: Graph, following: Following): Flaw[] {
  const waits = new Set(graph.nodes.filter((node) => node.kind === 'wait').map((node) => node.id))
  const restless = new Map([...following].filter(([id]) => !waits.has(id)).map(([id, next]) => [id, next.filter((one) => !waits.has(one))]))
  const first = (circle: ReadonlySet<string>): JourneyNode | null => graph.nodes.find((node) => circle.has(node.id)) ?? null
  const told = circlesOf(restless)
  const found = told.map((circle) => flaw('cycle_without_wait', first(circle)))
  if (graph.settings.max_duration_days !== null) return found
  const rest = circlesOf(following).filter((circle) => !told.some((one) => [...one].some((id) => circle.has(id))))
  return [...found, ...rest.map((circle) => flaw('cycle_unbounded', first(circle)))]
}

function endless(graph: Graph, sound: readonly JourneyEdge[], reached: ReadonlySet<string>): Flaw[] {
  const ends = graph.nodes.filter((node) => node.kind === 'end').map((node) => node.id)
  if (ends.length === 0) return []
  const finishing = walk(ways(graph, sound, true), ends)
  return graph.nodes.filter((node) => reached.has(node.id) && !finishing.has(node.id) && branchesOf(node).some(isRequired)).map((node) => flaw('no_way_out', node))
}

function ways(graph: Graph, edges: readonly JourneyEdge[], isBackwards: boolean): Following {
  const following = new Map<string, string[]>(graph.nodes.map((node) => [node.id, []]))
  for (const edge of edges) following.get(isBackwards ? edge.target : edge.source)?.push(isBackwards ? edge.source : edge.target)
  return following
}

function walk(following: Following, from: readonly string[]): Set<string> {
  const seen = new Set(from)
  const ahead = [...from]
  for (let id = ahead.pop(); id !== undefined; id = ahead.pop()) {
    for (const next of following.get(id) ?? []) {
      if (seen.has(next)) continue
      seen.add(next)
      ahead.push(next)
    }
  }
  return seen
}

/** The sets of steps that lead to each other and back (Tarjan 1972, without recursion). */
function circlesOf(following: Following): Set<string>[] {
  const number = new Map<string, number>()
  const least = new Map<string, number>()
  const stack: string[] = []
  const isOpen = new Set<string>()
  const found: Set<string>[] = []
  const enter = (id: string): { id: string; place: number } => {
    number.set(id, number.size)
    least.set(id, number.size - 1)
    stack.push(id)
    isOpen.add(id)
    return { id, place: 0 }
  }
  const lower = (id: string, to: number | undefined): void => { least.set(id, Math.min(least.get(id) ?? Infinity, to ?? Infinity)) }
  for (const root of following.keys()) {
    if (number.has(root)) continue
    const path = [enter(root)]
    for (let here = path.at(-1); here !== undefined; here = path.at(-1)) {
      const { id } = here
      const next = following.get(id)?.[here.place++]
      if (next === undefined) {
        path.pop()
        const above = path.at(-1)
        if (above) lower(above.id, least.get(id))
        if (least.get(id) === number.get(id)) {
          const circle = new Set<string>()
          for (let one = stack.pop(); one !== undefined; one = stack.pop()) {
            circle.add(one)
            isOpen.delete(one)
            if (one === id) break
          }
          if (circle.size > 1 || following.get(id)?.includes(id)) found.push(circle)
        }
      } else if (!number.has(next)) path.push(enter(next))
      else if (isOpen.has(next)) lower(id, number.get(next))
    }
  }
  return found
}
