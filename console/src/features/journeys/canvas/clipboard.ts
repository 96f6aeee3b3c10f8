/** Steps and notes as plain JSON text, so that they can be carried between journeys, tabs and people. */
import { NODE_KINDS, NOTE_COLORS, NOTE_MAX, NOTE_TEXT_MAX, NOTES_MAX, type JourneyEdge, type JourneyNode, type Note, type Piece } from './graph'

const FORMAT = 'khaywe.journey.steps'
const VERSION = 1
const NODES_MAX = 500

export const packPiece = (piece: Piece): string => JSON.stringify({ format: FORMAT, version: VERSION, nodes: piece.nodes, edges: piece.edges, ...(piece.notes ? { notes: piece.notes } : {}) }, null, 2)

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
const isPlaced = (value: Record<string, unknown>): boolean => typeof value['id'] === 'string' && isRecord(value['position']) && Number.isFinite(value['position']['x']) && Number.isFinite(value['position']['y'])
const isNode = (value: unknown): value is JourneyNode =>
  isRecord(value) && isPlaced(value) && typeof value['name'] === 'string' && NODE_KINDS.some((kind) => kind === value['kind']) && isRecord(value['config'])
const isSide = (value: unknown, most: number): boolean => typeof value === 'number' && value > 0 && value <= most
const isNote = (value: unknown): value is Note =>
  isRecord(value) && isPlaced(value) && typeof value['text'] === 'string' && value['text'].length <= NOTE_TEXT_MAX && NOTE_COLORS.some((color) => color === value['color']) && isRecord(value['size']) && isSide(value['size']['width'], NOTE_MAX.width) && isSide(value['size']['height'], NOTE_MAX.height)
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
  const notes = Array.isArray(source['notes']) ? source['notes'].filter(isNote).slice(0, NOTES_MAX) : []
  if (!Array.isArray(nodes) || nodes.length + notes.length === 0 || nodes.length > NODES_MAX || !nodes.every(isNode)) return null
  return { nodes, edges: Array.isArray(edges) ? edges.filter(isEdge) : [], ...(notes.length > 0 ? { notes } : {}) }
}
