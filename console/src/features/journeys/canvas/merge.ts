/** Joining what two people did to the same draft: step by step, mine where I changed something, theirs elsewhere. */
import { same } from '@/shared/editing/drafts'
import { edgeId, newNodeId, notesOf, NOTES_MAX, placedOf, withNotes, type Graph, type JourneyEdge, type JourneyNode, type Note, type Settings } from './graph'

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

/** What both made anew may have come to the same name, and is two things for all that: mine gets another one. */
function apart(base: Graph, mine: Graph, theirs: Graph): Graph {
  const before = new Set(placedOf(base).map((one) => one.id))
  const there = new Map(placedOf(theirs).map((one) => [one.id, one]))
  const names = new Map<string, string>()
  const taken = new Set([...before, ...there.keys(), ...placedOf(mine).map((one) => one.id)])
  for (const one of placedOf(mine)) {
    const other = there.get(one.id)
    if (before.has(one.id) || other === undefined || same(one, other)) continue
    const name = newNodeId(mine, taken, one.id.replace(/\d+$/, '') || 'n')
    names.set(one.id, name)
    taken.add(name)
  }
  if (names.size === 0) return mine
  const named = <T extends Part>(one: T): T => (names.has(one.id) ? { ...one, id: names.get(one.id) ?? one.id } : one)
  const edges = mine.edges.map((edge) => {
    const [source, target] = [names.get(edge.source) ?? edge.source, names.get(edge.target) ?? edge.target]
    return source === edge.source && target === edge.target ? edge : { ...edge, id: edgeId(source, edge.branch, target), source, target }
  })
  return withNotes({ ...mine, nodes: mine.nodes.map(named), edges }, notesOf(mine).map(named))
}

export function mergeGraphs(base: Graph, own: Graph, theirs: Graph): Graph {
  const mine = apart(base, own, theirs)
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
  const notes = joined<Note>(notesOf(base), notesOf(mine), notesOf(theirs))
  return withNotes({ nodes, edges, settings: settings as unknown as Settings }, notes.slice(0, NOTES_MAX))
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
  const noted = new Map(notesOf(before).map((note) => [note.id, note]))
  const notes = new Map(notesOf(after).map((note) => [note.id, note]))
  for (const id of new Set([...noted.keys(), ...notes.keys()])) {
    if (noted.get(id)?.text !== notes.get(id)?.text) parts[`note ${id}`] = { before: noted.get(id)?.text ?? null, after: notes.get(id)?.text ?? null }
  }
  const lines = (graph: Graph): string[] => graph.edges.map((edge) => `${edge.source}-${edge.branch}-${edge.target}`).sort()
  if (!same(lines(before), lines(after))) parts['edges'] = { before: lines(before), after: lines(after) }
  for (const name of Object.keys(after.settings) as (keyof Settings)[]) if (!same(before.settings[name], after.settings[name])) parts[`settings ${name}`] = { before: before.settings[name], after: after.settings[name] }
  return parts
}
