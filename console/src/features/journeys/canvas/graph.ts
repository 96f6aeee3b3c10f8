/**
 * A journey's graph and everything that is done to it by hand, as pure functions: each gives a new graph, or the same one
 * when nothing changed, so that undo is a list of graphs.
 */
import type { Json } from '@/shared/RuleEditor'

export const NODE_KINDS = ['start', 'action', 'condition', 'wait', 'split', 'end'] as const
export type NodeKind = (typeof NODE_KINDS)[number]
export type Config = Readonly<Record<string, Json>>
export interface Point { x: number; y: number }

export interface JourneyNode {
  id: string
  kind: NodeKind
  name: string
  config: Config
  position: Point
}

export interface JourneyEdge {
  id: string
  source: string
  target: string
  /** The way out of the source that it leaves by, such as `yes` or `timeout`. */
  branch: string
}

export const NOTE_COLORS = ['yellow', 'green', 'blue', 'pink', 'grey'] as const
export type NoteColor = (typeof NOTE_COLORS)[number]
export interface Size { width: number; height: number }

/** A note on the canvas for whoever works on the journey; nobody walks over it, and it is never wrong. */
export interface Note {
  id: string
  text: string
  color: NoteColor
  position: Point
  size: Size
}

export interface EventMatch { event_type: string; filter: Json }
export type ReEntry = 'never' | 'after_exit' | 'each_occurrence' | 'cool_down'

export interface Settings {
  /** Null until somebody has chosen: publishing asks for it. */
  re_entry: ReEntry | null
  cool_down_days: number | null
  concurrency: 'one' | 'one_per_key'
  key_path: string | null
  exit_rule: Json
  exit_events: readonly EventMatch[]
  goal: EventMatch | { rule: Json } | null
  goal_exits: boolean
  max_duration_days: number | null
  holdout_percent: number
  leave_on_segment_exit: boolean
}

export interface Graph {
  nodes: readonly JourneyNode[]
  edges: readonly JourneyEdge[]
  settings: Settings
  /** Left out where there are none. */
  notes?: readonly Note[]
}

/** A place where a step can be put: on a line, behind a free way out of a step, or anywhere. */
export type Place = { edge: string } | { source: string; branch: string; position?: Point } | { position: Point }

export const GRID = 20
/** From the top of one step to the top of the next. */
export const STEP_HEIGHT = 160
/** Width of a step's card, by which the canvas and the layout reckon. */
export const CARD = { width: 248, height: 92 } as const
const SHIFT = 40

export const emptySettings = (): Settings => ({
  re_entry: null, cool_down_days: null, concurrency: 'one', key_path: null, exit_rule: null, exit_events: [],
  goal: null, goal_exits: false, max_duration_days: null, holdout_percent: 0, leave_on_segment_exit: false,
})
export const emptyGraph = (): Graph => ({ nodes: [], edges: [], settings: emptySettings() })

/** What a draft leaves open is filled with what it means when nothing is said. */
export const completed = (graph: Partial<Graph> | null | undefined): Graph => withNotes({ nodes: graph?.nodes ?? [], edges: graph?.edges ?? [], settings: { ...emptySettings(), ...graph?.settings } }, graph?.notes ?? [])

export const notesOf = (graph: Graph): readonly Note[] => graph.notes ?? []
/** A graph without notes says nothing of them, so that taking the last one away is the same as never having had any. */
export function withNotes(graph: Graph, notes: readonly Note[]): Graph {
  const { nodes, edges, settings } = graph
  return notes.length === 0 ? { nodes, edges, settings } : { nodes, edges, settings, notes }
}

export const edgeId = (source: string, branch: string, target: string): string => `${source}-${branch}-${target}`
export const findNode = (graph: Graph, id: string | null | undefined): JourneyNode | undefined => graph.nodes.find((node) => node.id === id)
export const edgeFrom = (graph: Graph, source: string, branch: string): JourneyEdge | undefined => graph.edges.find((edge) => edge.source === source && edge.branch === branch)
export const snapped = ({ x, y }: Point): Point => ({ x: Math.round(x / GRID) * GRID, y: Math.round(y / GRID) * GRID })

const SHARED_WAY: Partial<Record<NodeKind, readonly string[]>> = { start: ['next'], action: ['success', 'failure', 'skip'], condition: ['yes', 'no', 'unknown'], end: [] }

/** The ways out of a step, the main one first. A wait has a second one when it may run out, a split has its own. */
export function branchesOf(node: Pick<JourneyNode, 'kind' | 'config'>): readonly string[] {
  if (node.kind === 'split') return splitBranches(node.config).map((branch) => branch.code)
  if (node.kind === 'wait') return node.config['timeout'] && (node.config['mode'] === 'event' || node.config['mode'] === 'until') ? ['next', 'timeout'] : ['next']
  return SHARED_WAY[node.kind] ?? []
}

export interface SplitBranch { code: string; weight: number }

export function splitBranches(config: Config): SplitBranch[] {
  const branches: unknown = config['branches']
  if (!Array.isArray(branches)) return []
  return branches.map((branch: { code?: unknown; weight?: unknown }) => ({ code: typeof branch?.code === 'string' ? branch.code : '', weight: Number(branch?.weight ?? 0) }))
}

const OPTIONAL = new Set(['failure', 'skip', 'unknown'])
/** Ways out without which a step cannot be published. */
export const isRequired = (branch: string): boolean => !OPTIONAL.has(branch)

/** The next free name of the shape `n12`; steps and notes share one space of names. */
export function newNodeId(graph: Graph, taken: ReadonlySet<string> = new Set(), prefix = 'n'): string {
  const names = new Set([...graph.nodes.map((node) => node.id), ...notesOf(graph).map((note) => note.id), ...taken])
  let number = (prefix === 'n' ? graph.nodes.length : notesOf(graph).length) + 1
  while (names.has(`${prefix}${number}`)) number += 1
  return `${prefix}${number}`
}

export interface NewNode { kind: NodeKind; name: string; config: Config }

/** Where the first way out leads that a step on a line goes on by. */
const mainBranch = (node: Pick<JourneyNode, 'kind' | 'config'>): string | undefined => branchesOf(node)[0]

/** Puts a step at a place and rewires: what the line led to, the new step's main way out leads to. */
export function addNode(graph: Graph, made: NewNode, place: Place): { graph: Graph; id: string } {
  const id = newNodeId(graph)
  if ('edge' in place) {
    const edge = graph.edges.find((one) => one.id === place.edge)
    if (edge) return { id, graph: addOnEdge(graph, { ...made, id }, edge) }
  }
  if ('source' in place) {
    const source = findNode(graph, place.source)
    const existing = edgeFrom(graph, place.source, place.branch)
    if (existing && place.position === undefined) return { id, graph: addOnEdge(graph, { ...made, id }, existing) }
    const position = place.position ?? freeSpot(graph, source ? spotBelow(source, place.branch) : { x: 0, y: 0 })
    const node = { ...made, id, position: snapped(position) }
    return { id, graph: connect({ ...graph, nodes: [...graph.nodes, node] }, place.source, place.branch, id) }
  }
  const position = 'position' in place ? place.position : { x: 0, y: 0 }
  return { id, graph: { ...graph, nodes: [...graph.nodes, { ...made, id, position: freeSpot(graph, snapped(position ?? { x: 0, y: 0 })) }] } }
}

function addOnEdge(graph: Graph, made: NewNode & { id: string }, edge: JourneyEdge): Graph {
  const source = findNode(graph, edge.source)
  const target = findNode(graph, edge.target)
  const position = snapped(source ? { x: target?.position.x ?? source.position.x, y: source.position.y + STEP_HEIGHT } : { x: 0, y: 0 })
  const onward = mainBranch(made)
  // The steps below make room, unless there is enough already or the line leads back up.
  const isTight = source !== undefined && target !== undefined && target.position.y > source.position.y && target.position.y < position.y + STEP_HEIGHT
  const below = isTight ? descendants(graph, edge.target) : new Set<string>()
  const nodes = graph.nodes.map((node) => (below.has(node.id) && node.position.y >= (target?.position.y ?? 0) ? { ...node, position: { ...node.position, y: node.position.y + STEP_HEIGHT } } : node))
  const edges = graph.edges.filter((one) => one.id !== edge.id)
  const made_ = { ...graph, nodes: [...nodes, { ...made, position }], edges }
  const arrived = connect(made_, edge.source, edge.branch, made.id)
  return onward === undefined ? arrived : connect(arrived, made.id, onward, edge.target)
}

function spotBelow(source: JourneyNode, branch: string): Point {
  const branches = branchesOf(source)
  const place = Math.max(branches.indexOf(branch), 0)
  const isForked = source.kind === 'condition' || source.kind === 'split'
  const middle = isForked ? (Math.min(branches.length, source.kind === 'condition' ? 2 : branches.length) - 1) / 2 : 0
  return { x: source.position.x + (place - middle) * (CARD.width + 2 * GRID), y: source.position.y + STEP_HEIGHT }
}

/** A spot that no step covers yet, going right. */
export function freeSpot(graph: Graph, wanted: Point): Point {
  let spot = snapped(wanted)
  const isTaken = (at: Point): boolean => graph.nodes.some((node) => Math.abs(node.position.x - at.x) < CARD.width && Math.abs(node.position.y - at.y) < CARD.height)
  while (isTaken(spot)) spot = { x: spot.x + CARD.width + 2 * GRID, y: spot.y }
  return spot
}

/** Every step that can be reached from one, itself with them. */
export function descendants(graph: Graph, from: string): Set<string> {
  const reached = new Set([from])
  const open = [from]
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    for (const edge of graph.edges) {
      if (edge.source !== id || reached.has(edge.target)) continue
      reached.add(edge.target)
      open.push(edge.target)
    }
  }
  return reached
}

/** One line for each way out: a new one takes the place of the old. Nothing leads into a start, out of itself, or out of a way that is not there. */
export function connect(graph: Graph, source: string, branch: string, target: string): Graph {
  const from = findNode(graph, source)
  const to = findNode(graph, target)
  if (!from || !to || source === target || to.kind === 'start' || !branchesOf(from).includes(branch)) return graph
  if (edgeFrom(graph, source, branch)?.target === target) return graph
  const others = graph.edges.filter((edge) => !(edge.source === source && edge.branch === branch))
  return { ...graph, edges: [...others, { id: edgeId(source, branch, target), source, target, branch }] }
}

export function disconnect(graph: Graph, edges: ReadonlySet<string>): Graph {
  const left = graph.edges.filter((edge) => !edges.has(edge.id))
  return left.length === graph.edges.length ? graph : { ...graph, edges: left }
}

/** Takes steps and notes away. What led to a single step goes on to where its main way led, so that the path stays whole. */
export function removeNodes(graph: Graph, ids: ReadonlySet<string>): Graph {
  const gone = graph.nodes.filter((node) => ids.has(node.id))
  if (gone.length === 0) return removeNotes(graph, ids)
  const removed = removeNotes({ ...graph, nodes: graph.nodes.filter((node) => !ids.has(node.id)), edges: graph.edges.filter((edge) => !ids.has(edge.source) && !ids.has(edge.target)) }, ids)
  const node = gone.length === 1 ? gone[0] : undefined
  const branch = node ? mainBranch(node) : undefined
  const onward = node && branch !== undefined ? edgeFrom(graph, node.id, branch)?.target : undefined
  if (!node || onward === undefined || node.kind === 'condition' || node.kind === 'split') return removed
  return graph.edges.filter((edge) => edge.target === node.id).reduce<Graph>((made, edge) => connect(made, edge.source, edge.branch, onward), removed)
}

function removeNotes(graph: Graph, ids: ReadonlySet<string>): Graph {
  const left = notesOf(graph).filter((note) => !ids.has(note.id))
  return left.length === notesOf(graph).length ? graph : withNotes(graph, left)
}

/** Changes a step; lines out of ways that it no longer has go away. */
export function changeNode(graph: Graph, id: string, part: Partial<Pick<JourneyNode, 'name' | 'config'>>): Graph {
  const before = findNode(graph, id)
  if (!before) return graph
  const after = { ...before, ...part }
  const ways = branchesOf(after)
  return {
    ...graph,
    nodes: graph.nodes.map((node) => (node.id === id ? after : node)),
    edges: part.config === undefined ? graph.edges : graph.edges.filter((edge) => edge.source !== id || ways.includes(edge.branch)),
  }
}

/** Another name for a branch of a split, whose line goes with it. */
export function renameBranch(graph: Graph, id: string, from: string, to: string, config: Config): Graph {
  const nodes = graph.nodes.map((node) => (node.id === id ? { ...node, config } : node))
  const edges = graph.edges.map((edge) => (edge.source === id && edge.branch === from ? { ...edge, branch: to, id: edgeId(id, to, edge.target) } : edge))
  return { ...graph, nodes, edges }
}

interface Placed { id: string; position: Point }
/** What stands on the canvas: steps and notes. */
export const placedOf = (graph: Graph): readonly Placed[] => [...graph.nodes, ...notesOf(graph)]

export interface Box { x: number; y: number; width: number; height: number }
/** What each step and note covers. */
export const boxesOf = (graph: Graph): readonly Box[] => [...graph.nodes.map(({ position }) => ({ ...position, ...CARD })), ...notesOf(graph).map(({ position, size }) => ({ ...position, ...size }))]

/** Puts steps and notes elsewhere. */
export function moveNodes(graph: Graph, positions: ReadonlyMap<string, Point>): Graph {
  function moved<T extends Placed>(parts: readonly T[]): readonly T[] {
    const isElsewhere = (one: T): boolean => { const to = positions.get(one.id); return to !== undefined && (to.x !== one.position.x || to.y !== one.position.y) }
    return parts.some(isElsewhere) ? parts.map((one) => (isElsewhere(one) ? { ...one, position: positions.get(one.id) ?? one.position } : one)) : parts
  }
  const nodes = moved(graph.nodes)
  const notes = moved(notesOf(graph))
  if (nodes === graph.nodes && (graph.notes === undefined || notes === graph.notes)) return graph
  return withNotes({ ...graph, nodes }, notes)
}

export const shiftNodes = (graph: Graph, ids: ReadonlySet<string>, by: Point): Graph =>
  moveNodes(graph, new Map(placedOf(graph).filter((one) => ids.has(one.id)).map((one) => [one.id, { x: one.position.x + by.x, y: one.position.y + by.y }])))

const NOTE_PREFIX = 'note'
export const NOTE_SIZE: Size = { width: 240, height: 140 }
export const NOTE_MIN: Size = { width: 120, height: 80 }
export const NOTE_MAX: Size = { width: 4_000, height: 4_000 }
export const NOTE_TEXT_MAX = 2_000
export const NOTES_MAX = 100

export const findNote = (graph: Graph, id: string | null | undefined): Note | undefined => notesOf(graph).find((note) => note.id === id)

export function addNote(graph: Graph, at: Point): { graph: Graph; id: string } | null {
  if (notesOf(graph).length >= NOTES_MAX) return null
  const id = newNodeId(graph, new Set(), NOTE_PREFIX)
  return { id, graph: withNotes(graph, [...notesOf(graph), { id, text: '', color: 'yellow', position: snapped(at), size: NOTE_SIZE }]) }
}

/** Changes a note; its size stays on the grid and within what can be taken hold of. */
export function changeNote(graph: Graph, id: string, part: Partial<Pick<Note, 'text' | 'color' | 'size'>>): Graph {
  const within = (value: number, side: keyof Size): number => Math.min(Math.max(Math.round(value / GRID) * GRID, NOTE_MIN[side]), NOTE_MAX[side])
  const size = part.size && { width: within(part.size.width, 'width'), height: within(part.size.height, 'height') }
  const text = part.text?.slice(0, NOTE_TEXT_MAX)
  return withNotes(graph, notesOf(graph).map((note) => (note.id === id ? { ...note, ...part, ...(size ? { size } : {}), ...(text === undefined ? {} : { text }) } : note)))
}

export const changeSettings = (graph: Graph, part: Partial<Settings>): Graph => ({ ...graph, settings: { ...graph.settings, ...part } })

/** Steps, the lines between them, and notes, to be put elsewhere. */
export interface Piece { nodes: readonly JourneyNode[]; edges: readonly JourneyEdge[]; notes?: readonly Note[] }

export function pieceOf(graph: Graph, ids: ReadonlySet<string>): Piece {
  const notes = notesOf(graph).filter((note) => ids.has(note.id))
  return { nodes: graph.nodes.filter((node) => ids.has(node.id)), edges: graph.edges.filter((edge) => ids.has(edge.source) && ids.has(edge.target)), ...(notes.length > 0 ? { notes } : {}) }
}

/** Puts a piece in under new names, around a point or beside where it was taken; a second start stays out. */
export function insertPiece(graph: Graph, piece: Piece, at: Point | null = null): { graph: Graph; ids: string[] } {
  const hasStart = graph.nodes.some((node) => node.kind === 'start')
  const wanted = piece.nodes.filter((node) => !(hasStart && node.kind === 'start'))
  const pieceNotes = (piece.notes ?? []).slice(0, NOTES_MAX - notesOf(graph).length)
  const all: readonly Placed[] = [...wanted, ...pieceNotes]
  if (all.length === 0) return { graph, ids: [] }
  const corner = { x: Math.min(...all.map((one) => one.position.x)), y: Math.min(...all.map((one) => one.position.y)) }
  const by = at === null ? { x: SHIFT, y: SHIFT } : freeShift(graph, wanted, { x: at.x - corner.x, y: at.y - corner.y })
  const names = new Map<string, string>()
  for (const node of wanted) names.set(node.id, newNodeId(graph, new Set(names.values())))
  for (const note of pieceNotes) names.set(note.id, newNodeId(graph, new Set(names.values()), NOTE_PREFIX))
  const nameOf = (id: string): string => names.get(id) ?? id
  const placed = <T extends Placed>(one: T): T => ({ ...one, id: nameOf(one.id), position: snapped({ x: one.position.x + by.x, y: one.position.y + by.y }) })
  const nodes = wanted.map(placed)
  const notes = pieceNotes.map(placed)
  const edges = piece.edges
    .filter((edge) => names.has(edge.source) && names.has(edge.target))
    .map((edge) => ({ id: edgeId(nameOf(edge.source), edge.branch, nameOf(edge.target)), source: nameOf(edge.source), target: nameOf(edge.target), branch: edge.branch }))
  const joined = withNotes({ ...graph, nodes: [...graph.nodes, ...nodes], edges: [...graph.edges, ...edges] }, [...notesOf(graph), ...notes])
  return { graph: joined, ids: [...nodes, ...notes].map((one) => one.id) }
}

/** How far a piece from elsewhere is moved so that it covers no step that is there, going right. */
function freeShift(graph: Graph, piece: readonly JourneyNode[], wanted: Point): Point {
  const shift = { ...wanted }
  const isCovering = (): boolean => piece.some((one) => graph.nodes.some((node) => Math.abs(node.position.x - one.position.x - shift.x) < CARD.width && Math.abs(node.position.y - one.position.y - shift.y) < CARD.height))
  while (isCovering()) shift.x += CARD.width + 2 * GRID
  return shift
}

export type Direction = 'down' | 'up' | 'left' | 'right'

/** The step that an arrow key leads to: down and up along the lines, sideways to the nearest beside. */
export function neighbour(graph: Graph, id: string, direction: Direction): string | null {
  const node = findNode(graph, id)
  if (!node) return null
  if (direction === 'down') {
    for (const branch of branchesOf(node)) {
      const edge = edgeFrom(graph, id, branch)
      if (edge) return edge.target
    }
    return null
  }
  if (direction === 'up') return graph.edges.find((edge) => edge.target === id)?.source ?? null
  const sign = direction === 'right' ? 1 : -1
  const beside = graph.nodes
    .filter((one) => (one.position.x - node.position.x) * sign > 0)
    .map((one) => ({ id: one.id, far: Math.abs(one.position.x - node.position.x) + 3 * Math.abs(one.position.y - node.position.y) }))
    .sort((left, right) => left.far - right.far)
  return beside[0]?.id ?? null
}
