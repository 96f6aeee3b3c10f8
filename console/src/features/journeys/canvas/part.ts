/**
 * Which part of a large journey is drawn: the steps and lines within a box around what is in sight. What is drawn costs with
 * every move of a step, so a journey of five hundred must not cost more than what a screen shows of it.
 */
import { CARD, type Graph, type JourneyNode } from './graph'
import type { Box } from './stepMap'

export interface Part { nodes: ReadonlySet<string>; edges: ReadonlySet<string> }

/** Air drawn around what is in sight, in the coordinates of the graph, so that a pan meets steps that stand there already. */
const AIR = { across: 320, down: 240 } as const
/** From far away a small pan crosses much of the graph: the air is at least this share of what is in sight. */
const AIR_SHARE = 0.15
/** A box is kept until it is this many times larger than the one wanted: after zooming in, much of it would never be seen. */
const WASTE_MAX = 2
/** How far a line strays from the straight ways between its ends. */
const STRAY = 40

const grown = ({ x, y, width, height }: Box, across: number, down: number): Box => ({ x: x - across, y: y - down, width: width + 2 * across, height: height + 2 * down })
const holds = (outer: Box, inner: Box): boolean => inner.x >= outer.x && inner.y >= outer.y && inner.x + inner.width <= outer.x + outer.width && inner.y + inner.height <= outer.y + outer.height
const meets = (one: Box, other: Box): boolean => one.x < other.x + other.width && other.x < one.x + one.width && one.y < other.y + other.height && other.y < one.y + one.height
const areaOf = ({ width, height }: Box): number => width * height

/** The box to draw for what is in sight: the last one as long as half of its air is left. */
export function boxAround(sight: Box, last: Box | null): Box {
  const across = Math.max(AIR.across, AIR_SHARE * sight.width)
  const down = Math.max(AIR.down, AIR_SHARE * sight.height)
  const wanted = grown(sight, across, down)
  return last !== null && holds(last, grown(sight, across / 2, down / 2)) && areaOf(last) <= WASTE_MAX * areaOf(wanted) ? last : wanted
}

/** What a line may cover: down from its source, across half way, and down to its target; for a way back up, all around both. */
function coveredBy(source: JourneyNode, target: JourneyNode): Box[] {
  const from = { x: source.position.x, y: source.position.y + CARD.height }
  const to = target.position
  const left = Math.min(from.x, to.x)
  const wide = Math.abs(from.x - to.x) + CARD.width
  if (to.y < from.y) return [grown({ x: left, y: Math.min(to.y, source.position.y), width: wide, height: Math.abs(to.y - source.position.y) + CARD.height }, STRAY, STRAY)]
  const half = (to.y - from.y) / 2
  return [
    { x: from.x, y: from.y - STRAY, width: CARD.width, height: half + 2 * STRAY },
    { x: left, y: from.y + half - STRAY, width: wide, height: 2 * STRAY },
    { x: to.x, y: from.y + half - STRAY, width: CARD.width, height: half + 2 * STRAY },
  ]
}

/**
 * The steps in the box and those to be kept whatever their place (chosen, or under the pointer), the lines of all these and the
 * lines that cross the box, and the steps at the far ends of such lines: a line needs both of its ends. Without a box only those
 * to be kept.
 */
export function partOf(graph: Graph, box: Box | null, kept: ReadonlySet<string>): Part {
  const known = new Map(graph.nodes.map((node) => [node.id, node]))
  const inside = new Set(graph.nodes.filter((node) => kept.has(node.id) || (box !== null && meets(box, { ...node.position, ...CARD }))).map((node) => node.id))
  const nodes = new Set(inside)
  const edges = new Set<string>()
  for (const edge of graph.edges) {
    const source = known.get(edge.source)
    const target = known.get(edge.target)
    if (!source || !target) continue
    if (!inside.has(source.id) && !inside.has(target.id) && (box === null || !coveredBy(source, target).some((one) => meets(box, one)))) continue
    edges.add(edge.id)
    nodes.add(source.id)
    nodes.add(target.id)
  }
  return { nodes, edges }
}
