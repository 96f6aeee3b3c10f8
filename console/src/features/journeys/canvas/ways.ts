/** Where the ways out of a step leave its card, as shares of its width: each keeps its place whichever others show. */
import type { NodeKind } from './graph'

const PLACES: Record<string, number> = { next: 0.5, success: 0.5, failure: 0.8, skip: 0.93, yes: 0.28, no: 0.72, unknown: 0.93 }
const OF_WAIT = { next: 0.28, timeout: 0.72 } as const
const MIDDLE = 0.5

/** ``ways`` are those that show, in their order. */
export function placeOfWay(kind: NodeKind, ways: readonly string[], branch: string): number {
  if (kind === 'wait' && ways.length > 1) return branch === 'timeout' ? OF_WAIT.timeout : OF_WAIT.next
  if (kind === 'split') return (Math.max(ways.indexOf(branch), 0) + MIDDLE) / Math.max(ways.length, 1)
  return PLACES[branch] ?? MIDDLE
}
