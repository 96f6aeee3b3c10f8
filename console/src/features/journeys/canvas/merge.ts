/** Joining what two people did to the same draft: step by step, mine where I changed something, theirs elsewhere. */
import { same } from '@/shared/editing/drafts'
import type { Graph, JourneyEdge, JourneyNode, Settings } from './graph'

interface Part { id: string }

function joined<T extends Part>(base: readonly T[], mine: readonly T[], theirs: readonly T[]): T[] {
  const before = new Map(base.map((one) => [one.id, one]))
  const other = new Map(theirs.map((one) => [one.id, one]))
  const own = new Map(mine.map((one) => [one.id, one]))
  const kept = theirs.flatMap((one) => {
    const here = own.get(one.id)
    const was = before.get(one.id)
    if (here === undefined) return was === undefined ? [one] : [] // new there, or taken away here
    return [was !== undefined && same(here, was) ? one : here]
  })
  // New here, or changed here and taken away there: my work is not thrown away.
  const added = mine.filter((one) => !other.has(one.id) && (!before.has(one.id) || !same(before.get(one.id), one)))
  return [...kept, ...added]
}

export function mergeGraphs(base: Graph, mine: Graph, theirs: Graph): Graph {
  const nodes = joined<JourneyNode>(base.nodes, mine.nodes, theirs.nodes)
  const there = new Set(nodes.map((node) => node.id))
  const ways = new Set<string>()
  // Of two lines out of one way mine counts: it comes last and is looked at first.
  const edges = joined<JourneyEdge>(base.edges, mine.edges, theirs.edges).reverse().filter((edge) => {
    const way = `${edge.source} ${edge.branch}`
    if (ways.has(way) || !there.has(edge.source) || !there.has(edge.target)) return false
    ways.add(way)
    return true
  }).reverse()
  const settings = { ...theirs.settings } as Record<string, unknown>
  for (const name of Object.keys(mine.settings) as (keyof Settings)[]) if (!same(base.settings[name], mine.settings[name])) settings[name] = mine.settings[name]
  return { nodes, edges, settings: settings as unknown as Settings }
}

/** What differs, without the places of steps: they are how it looks, not what it does. */
export function changedParts(before: Graph, after: Graph): Record<string, { before: unknown; after: unknown }> {
  const parts: Record<string, { before: unknown; after: unknown }> = {}
  const bare = ({ name, kind, config }: JourneyNode): unknown => ({ name, kind, config })
  const was = new Map(before.nodes.map((node) => [node.id, node]))
  const is = new Map(after.nodes.map((node) => [node.id, node]))
  for (const id of new Set([...was.keys(), ...is.keys()])) {
    const left = was.get(id)
    const right = is.get(id)
    if (!same(left && bare(left), right && bare(right))) parts[`node ${id}`] = { before: left ?? null, after: right ?? null }
  }
  const lines = (graph: Graph): string[] => graph.edges.map((edge) => `${edge.source}-${edge.branch}-${edge.target}`).sort()
  if (!same(lines(before), lines(after))) parts['edges'] = { before: lines(before), after: lines(after) }
  for (const name of Object.keys(after.settings) as (keyof Settings)[]) if (!same(before.settings[name], after.settings[name])) parts[`settings ${name}`] = { before: before.settings[name], after: after.settings[name] }
  return parts
}
