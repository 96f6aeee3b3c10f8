/**
 * A large journey from far away, where no word on a step can be read: a handful of paths for all of its steps and lines, so
 * that five hundred cost about what one does. Pure reckoning; what is drawn step by step is left out.
 */
import { branchesOf, CARD, isRequired, NODE_KINDS, type Graph, type JourneyEdge, type JourneyNode, type NodeKind, type Point } from './graph'
import type { Box } from './stepMap'
import { placeOfWay } from './ways'

const BAR = 26
const ROOM = 20

export interface Sketch {
  cards: string
  bars: { kind: NodeKind; path: string }[]
  lines: { tone: string; path: string }[]
  rings: { tone: string; path: string }[]
}
export interface Seeing {
  /** Steps and lines that are drawn as such. */
  nodes: ReadonlySet<string>
  edges: ReadonlySet<string>
  /** What a step or a line is marked as; empty for the plain ones. */
  ringOf: (node: JourneyNode) => string
  toneOf: (edge: JourneyEdge) => string
}

const box = ({ x, y }: Point, height: number): string => `M${x},${y}h${CARD.width}v${height}h${-CARD.width}z`

function grouped<T>(things: readonly T[], toneOf: (thing: T) => string, pathOf: (thing: T) => string): { tone: string; path: string }[] {
  const paths = new Map<string, string[]>()
  for (const thing of things) {
    const tone = toneOf(thing)
    const path = pathOf(thing)
    const known = paths.get(tone)
    if (known) known.push(path)
    else paths.set(tone, [path])
  }
  return [...paths].map(([tone, parts]) => ({ tone, path: parts.join('') }))
}

export function sketchOf(graph: Graph, seeing: Seeing): Sketch {
  const known = new Map(graph.nodes.map((node) => [node.id, node]))
  const taken = new Set(graph.edges.map((edge) => `${edge.source} ${edge.branch}`))
  const steps = graph.nodes.filter((node) => !seeing.nodes.has(node.id))
  const lines = graph.edges.filter((edge) => !seeing.edges.has(edge.id) && known.has(edge.source) && known.has(edge.target))
  const way = (edge: JourneyEdge): string => {
    const source = known.get(edge.source)
    const target = known.get(edge.target)
    if (!source || !target) return ''
    const ways = branchesOf(source).filter((branch) => isRequired(branch) || taken.has(`${source.id} ${branch}`))
    const from = { x: source.position.x + placeOfWay(source.kind, ways, edge.branch) * CARD.width, y: source.position.y + CARD.height }
    const to = { x: target.position.x + CARD.width / 2, y: target.position.y }
    if (to.y > from.y) return `M${from.x},${from.y}V${(from.y + to.y) / 2}H${to.x}V${to.y}`
    return `M${from.x},${from.y}v${ROOM}H${(from.x + to.x) / 2}V${to.y - ROOM}H${to.x}V${to.y}`
  }
  return {
    cards: steps.map((node) => box(node.position, CARD.height)).join(''),
    bars: NODE_KINDS.map((kind) => ({ kind, path: steps.filter((node) => node.kind === kind).map((node) => box(node.position, BAR)).join('') })).filter((one) => one.path !== ''),
    lines: grouped(lines, seeing.toneOf, way),
    rings: grouped(steps.filter((node) => seeing.ringOf(node) !== ''), seeing.ringOf, (node) => box(node.position, CARD.height)),
  }
}

/** The step at a place, the last drawn first. */
export const stepAt = (graph: Graph, { x, y }: Point): JourneyNode | undefined => graph.nodes.findLast(({ position }) => x >= position.x && x <= position.x + CARD.width && y >= position.y && y <= position.y + CARD.height)

/** The steps that a box drawn with the pointer touches. */
export const stepsIn = (graph: Graph, { x, y, width, height }: Box): string[] => graph.nodes.filter(({ position }) => position.x < x + width && x < position.x + CARD.width && position.y < y + height && y < position.y + CARD.height).map((node) => node.id)
