/** A journey as an image to put into a document: the same cards and lines as on the canvas, without its tools. */
import { boxesOf, branchesOf, CARD, isRequired, notesOf, type Graph, type JourneyEdge, type JourneyNode, type Note } from './graph'
import { STEP_KINDS } from './kinds'
import { PAPER_EDGES, PAPER_FILLS } from './notePapers'
import { boundsOfBoxes } from './stepMap'
import { placeOfWay } from './ways'

export interface Wording {
  title: string
  name: (node: JourneyNode) => string
  summary: (node: JourneyNode) => string
  /** Empty where the way needs no name. */
  branch: (node: JourneyNode, branch: string) => string
}

const FONT = 'font-family="Inter, Noto Sans Arabic, Segoe UI, Arial, sans-serif"'
const LETTERS = { name: 30, summary: 36 } as const
const MARGIN = 40
const TITLE_HEIGHT = 44
const BAR = 5
const CORNER = 8
const NOTE = { pad: 12, row: 20, letter: 7.5 } as const
const COLORS = { ground: '#f8fafc', card: '#ffffff', edge: '#cbd5e1', name: '#0f172a', summary: '#475569', line: '#94a3b8' } as const

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const escaped = (text: string): string => text.replace(/[&<>"]/g, (sign) => ENTITIES[sign] ?? sign)
const cut = (text: string, letters: number): string => escaped([...text].length > letters ? `${[...text].slice(0, letters - 1).join('')}…` : text)

function card(node: JourneyNode, say: Wording): string {
  const { x, y } = node.position
  const middle = x + CARD.width / 2
  return `<g><rect x="${x}" y="${y}" width="${CARD.width}" height="${CARD.height}" rx="${CORNER}" fill="${COLORS.card}" stroke="${COLORS.edge}"/>`
    + `<path d="M${x},${y + BAR}v${CORNER - BAR}a${CORNER},${CORNER} 0 0 1 ${CORNER},${-CORNER}h${CARD.width - 2 * CORNER}a${CORNER},${CORNER} 0 0 1 ${CORNER},${CORNER}v${BAR - CORNER}z" fill="${STEP_KINDS[node.kind].color}"/>`
    + `<text x="${middle}" y="${y + 44}" ${FONT} font-size="15" font-weight="600" fill="${COLORS.name}" text-anchor="middle">${cut(say.name(node), LETTERS.name)}</text>`
    + `<text x="${middle}" y="${y + 66}" ${FONT} font-size="12.5" fill="${COLORS.summary}" text-anchor="middle">${cut(say.summary(node), LETTERS.summary)}</text></g>`
}

function way(edge: JourneyEdge, nodes: ReadonlyMap<string, JourneyNode>, taken: ReadonlySet<string>, say: Wording): string {
  const source = nodes.get(edge.source)
  const target = nodes.get(edge.target)
  if (!source || !target) return ''
  const ways = branchesOf(source).filter((branch) => isRequired(branch) || taken.has(`${source.id} ${branch}`))
  const from = { x: source.position.x + placeOfWay(source.kind, ways, edge.branch) * CARD.width, y: source.position.y + CARD.height }
  const to = { x: target.position.x + CARD.width / 2, y: target.position.y }
  const half = to.y > from.y ? (from.y + to.y) / 2 : from.y + MARGIN / 2
  const path = to.y > from.y ? `M${from.x},${from.y}V${half}H${to.x}V${to.y}` : `M${from.x},${from.y}V${half}H${(from.x + to.x) / 2}V${to.y - MARGIN / 2}H${to.x}V${to.y}`
  const words = say.branch(source, edge.branch)
  const label = words === '' ? '' : `<text x="${(from.x + to.x) / 2}" y="${half - 6}" ${FONT} font-size="12" font-weight="500" fill="${COLORS.summary}" text-anchor="middle" paint-order="stroke" stroke="${COLORS.ground}" stroke-width="4">${escaped(words)}</text>`
  return `<path d="${path}" fill="none" stroke="${COLORS.line}" stroke-width="1.5" stroke-linejoin="round" marker-end="url(#arrow)"/>${label}`
}

/** A note with its words broken where they are too long for its paper; what is below its edge is left out. */
function paper({ position: { x, y }, size, text, color }: Note): string {
  const letters = Math.max(Math.floor((size.width - 2 * NOTE.pad) / NOTE.letter), 1)
  const rows = text.split('\n').flatMap((line) => line.match(new RegExp(`.{1,${letters}}(?:\\s|$)|\\S{${letters}}`, 'gu')) ?? ['']).slice(0, Math.max(Math.floor((size.height - NOTE.pad) / NOTE.row), 0))
  const lines = rows.map((row, place) => `<tspan x="${x + NOTE.pad}" y="${y + NOTE.pad + NOTE.row * (place + 0.7)}">${escaped(row.trimEnd())}</tspan>`).join('')
  return `<rect x="${x}" y="${y}" width="${size.width}" height="${size.height}" rx="6" fill="${PAPER_FILLS[color]}" stroke="${PAPER_EDGES[color]}"/><text ${FONT} font-size="14" fill="${COLORS.name}">${lines}</text>`
}

/** The whole journey as the text of an SVG file. */
export function svgOf(graph: Graph, say: Wording): string {
  const bounds = boundsOfBoxes(boxesOf(graph)) ?? { x: 0, y: 0, width: CARD.width, height: CARD.height }
  const box = { x: bounds.x - MARGIN, y: bounds.y - MARGIN - TITLE_HEIGHT, width: bounds.width + 2 * MARGIN, height: bounds.height + 2 * MARGIN + TITLE_HEIGHT }
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]))
  const taken = new Set(graph.edges.map((edge) => `${edge.source} ${edge.branch}`))
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${box.x} ${box.y} ${box.width} ${box.height}" width="${box.width}" height="${box.height}" role="img" aria-label="${escaped(say.title)}">`
    + `<defs><marker id="arrow" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="9" markerHeight="9" markerUnits="userSpaceOnUse" orient="auto"><path d="M0,0 L10,5 L0,10 z" fill="${COLORS.line}"/></marker></defs>`
    + `<rect x="${box.x}" y="${box.y}" width="${box.width}" height="${box.height}" fill="${COLORS.ground}"/>`
    + `<text x="${box.x + box.width / 2}" y="${box.y + MARGIN}" ${FONT} font-size="20" font-weight="600" fill="${COLORS.name}" text-anchor="middle">${escaped(say.title)}</text>`
    + notesOf(graph).map(paper).join('')
    + graph.edges.map((edge) => way(edge, nodes, taken, say)).join('')
    + graph.nodes.map((node) => card(node, say)).join('')
    + '</svg>\n'
}
