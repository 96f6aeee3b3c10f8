/** Steps as plain JSON text, so that they can be carried between journeys, tabs and people. */
import { NODE_KINDS, type JourneyEdge, type JourneyNode, type Piece } from './graph'

const FORMAT = 'khaywe.journey.steps'
const VERSION = 1
const NODES_MAX = 500

export const packPiece = (piece: Piece): string => JSON.stringify({ format: FORMAT, version: VERSION, nodes: piece.nodes, edges: piece.edges }, null, 2)

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
const isNode = (value: unknown): value is JourneyNode =>
  isRecord(value) && typeof value['id'] === 'string' && typeof value['name'] === 'string' && NODE_KINDS.some((kind) => kind === value['kind']) && isRecord(value['config']) && isRecord(value['position']) && Number.isFinite(value['position']['x']) && Number.isFinite(value['position']['y'])
const isEdge = (value: unknown): value is JourneyEdge => isRecord(value) && typeof value['source'] === 'string' && typeof value['target'] === 'string' && typeof value['branch'] === 'string'

/** What was copied here or elsewhere; null for any other text. A whole journey's graph is understood too. */
export function unpackPiece(text: string): Piece | null {
  let read: unknown
  try {
    read = JSON.parse(text)
  } catch {
    return null
  }
  if (!isRecord(read)) return null
  const source = isRecord(read['graph']) ? read['graph'] : read
  const { nodes, edges } = source
  if (!Array.isArray(nodes) || nodes.length === 0 || nodes.length > NODES_MAX || !nodes.every(isNode)) return null
  return { nodes, edges: Array.isArray(edges) ? edges.filter(isEdge) : [] }
}
