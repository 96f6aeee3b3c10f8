import { describe, expect, it } from 'vitest'
import { packPiece, unpackPiece } from './clipboard'
import { addNode, addNote, branchesOf, changeNode, changeNote, completed, connect, edgeFrom, emptyGraph, findNode, insertPiece, moveNodes, neighbour, NOTES_MAX, notesOf, pieceOf, removeNodes, renameBranch, shiftNodes, type Graph, type JourneyNode, type NodeKind } from './graph'
import { tidied } from './layout'

const node = (id: string, kind: NodeKind, y = 0, config: JourneyNode['config'] = {}): JourneyNode => ({ id, kind, name: id, config, position: { x: 0, y } })
const made = (nodes: JourneyNode[], ...lines: [string, string, string][]): Graph => lines.reduce<Graph>((graph, [source, branch, target]) => connect(graph, source, branch, target), { ...emptyGraph(), nodes })
const lines = (graph: Graph): string[] => graph.edges.map((edge) => edge.id).sort()

/** start -> mail -> condition -yes-> award -> end, -no-> end */
const welcome = (): Graph => made(
  [node('s', 'start'), node('mail', 'action', 160), node('c', 'condition', 320), node('award', 'action', 480), node('e', 'end', 640)],
  ['s', 'next', 'mail'], ['mail', 'success', 'c'], ['c', 'yes', 'award'], ['c', 'no', 'e'], ['award', 'success', 'e'],
)
const WAIT = { kind: 'wait' as const, name: 'Wait', config: { mode: 'duration', amount: 1, unit: 'days' } }

describe('graph', () => {
  it('test_insert__piece_from_elsewhere_onto_steps__moved_beside_them', () => {
    const piece = { nodes: [node('x', 'wait'), node('y', 'wait', 160)], edges: [] }
    const { graph, ids } = insertPiece(welcome(), piece, { x: 0, y: 0 })
    expect(ids.map((id) => findNode(graph, id)?.position)).toEqual([{ x: 280, y: 0 }, { x: 280, y: 160 }])
  })

  it('test_add__on_a_line__both_halves_are_wired_and_the_rest_makes_room', () => {
    const { graph, id } = addNode(welcome(), WAIT, { edge: 'mail-success-c' })
    expect(edgeFrom(graph, 'mail', 'success')?.target).toBe(id)
    expect(edgeFrom(graph, id, 'next')?.target).toBe('c')
    expect(findNode(graph, id)?.position).toEqual({ x: 0, y: 320 })
    expect(findNode(graph, 'c')?.position.y).toBe(480)
    expect(findNode(graph, 'e')?.position.y).toBe(800)
    expect(findNode(graph, 'mail')?.position.y).toBe(160)
  })

  it('test_add__end_on_a_line__what_followed_is_left_loose', () => {
    const { graph, id } = addNode(welcome(), { kind: 'end', name: 'Stop', config: {} }, { edge: 'mail-success-c' })
    expect(lines(graph)).toContain(`mail-success-${id}`)
    expect(graph.edges.some((edge) => edge.target === 'c')).toBe(false)
  })

  it('test_add__behind_a_free_way__below_and_connected', () => {
    const before = made([node('s', 'start'), node('c', 'condition', 160)], ['s', 'next', 'c'])
    const { graph, id } = addNode(before, WAIT, { source: 'c', branch: 'no' })
    expect(edgeFrom(graph, 'c', 'no')?.target).toBe(id)
    expect(findNode(graph, id)?.position.y).toBe(320)
    expect(findNode(graph, id)?.position.x).toBeGreaterThan(0)
  })

  it('test_add__on_a_step__beside_it', () => {
    const { graph, id } = addNode(welcome(), WAIT, { position: { x: 10, y: 10 } })
    expect(findNode(graph, id)?.position.x).toBeGreaterThan(200)
  })

  it.each([['s', 'next', 's'], ['mail', 'success', 's'], ['mail', 'yes', 'e'], ['e', 'next', 'mail'], ['mail', 'success', 'gone']])('test_connect__%s_%s_%s__refused', (source, branch, target) => {
    const graph = welcome()
    expect(connect(graph, source, branch, target)).toBe(graph)
  })

  it('test_connect__way_taken__new_line_replaces_the_old', () => {
    const graph = connect(welcome(), 'c', 'yes', 'e')
    expect(edgeFrom(graph, 'c', 'yes')?.target).toBe('e')
    expect(graph.edges.filter((edge) => edge.source === 'c' && edge.branch === 'yes')).toHaveLength(1)
  })

  it('test_remove__one_in_the_middle__path_stays_whole', () => {
    const graph = removeNodes(welcome(), new Set(['mail']))
    expect(lines(graph)).toEqual(['award-success-e', 'c-no-e', 'c-yes-award', 's-next-c'])
  })

  it('test_remove__a_condition__its_branches_are_not_guessed', () => {
    const graph = removeNodes(welcome(), new Set(['c']))
    expect(edgeFrom(graph, 'mail', 'success')).toBeUndefined()
  })

  it('test_change__wait_loses_its_time_out__the_line_goes', () => {
    const wait = node('w', 'wait', 160, { mode: 'event', event_type: 'x', timeout: { amount: 1, unit: 'days' } })
    const graph = made([node('s', 'start'), wait, node('e', 'end', 320)], ['s', 'next', 'w'], ['w', 'next', 'e'], ['w', 'timeout', 'e'])
    expect(branchesOf(wait)).toEqual(['next', 'timeout'])
    expect(lines(changeNode(graph, 'w', { config: { mode: 'event', event_type: 'x' } }))).toEqual(['s-next-w', 'w-next-e'])
  })

  it('test_rename_branch__split__line_goes_with_it', () => {
    const config = { mode: 'random', branches: [{ code: 'a', weight: 50 }, { code: 'b', weight: 50 }] }
    const graph = made([node('x', 'split', 0, config), node('e', 'end', 160)], ['x', 'a', 'e'], ['x', 'b', 'e'])
    const after = renameBranch(graph, 'x', 'a', 'control', { ...config, branches: [{ code: 'control', weight: 50 }, { code: 'b', weight: 50 }] })
    expect(lines(after)).toEqual(['x-b-e', 'x-control-e'])
  })

  it('test_paste__copied_part__new_names_inner_lines_only_and_no_second_start', () => {
    const piece = unpackPiece(packPiece(pieceOf(welcome(), new Set(['s', 'mail', 'c']))))
    if (!piece) throw new Error('not understood')
    const { graph, ids } = insertPiece(welcome(), piece, { x: 600, y: 0 })
    expect(ids).toHaveLength(2)
    expect(new Set(graph.nodes.map((one) => one.id)).size).toBe(7)
    expect(edgeFrom(graph, ids[0] ?? '', 'success')?.target).toBe(ids[1])
    expect(graph.nodes.filter((one) => one.kind === 'start')).toHaveLength(1)
    expect(findNode(graph, ids[0])?.position).toEqual({ x: 600, y: 0 })
  })

  it.each(['', 'hello', '{"nodes": []}', '{"nodes": [{"id": "a", "kind": "magic"}]}', '[1]'])('test_unpack__%s__not_steps', (text) => {
    expect(unpackPiece(text)).toBeNull()
  })

  it('test_move__to_the_same_place__same_graph', () => {
    const graph = welcome()
    expect(moveNodes(graph, new Map([['mail', { x: 0, y: 160 }]]))).toBe(graph)
  })

  it('test_neighbour__arrows__walk_the_lines', () => {
    const graph = welcome()
    expect(neighbour(graph, 's', 'down')).toBe('mail')
    expect(neighbour(graph, 'c', 'down')).toBe('award')
    expect(neighbour(graph, 'c', 'up')).toBe('mail')
    expect(neighbour(graph, 's', 'up')).toBeNull()
  })
})

describe('tidied', () => {
  const forked = (first: [string, string], second: [string, string]): Graph => made(
    [node('s', 'start'), node('c', 'condition'), node('a', 'action'), node('b', 'action'), node('e', 'end')],
    ['s', 'next', 'c'], ['c', ...first], ['c', ...second], ['a', 'success', 'e'], ['b', 'success', 'e'],
  )

  it.each([[['yes', 'a'], ['no', 'b']], [['no', 'b'], ['yes', 'a']]] as [[string, string], [string, string]][])('test_tidied__drawn_%s_then_%s__yes_stands_left_of_no', (first, second) => {
    const places = tidied(forked(first, second))
    expect(places.get('a')?.x ?? 0).toBeLessThan(places.get('b')?.x ?? 0)
    expect(places.get('a')?.y).toBe(places.get('b')?.y)
  })

  it('test_tidied__a_line_of_steps__downwards_without_overlap', () => {
    const places = tidied(welcome())
    const heights = ['s', 'mail', 'c', 'award', 'e'].map((id) => places.get(id)?.y ?? 0)
    for (const [place, y] of heights.slice(1).entries()) expect(y - (heights[place] ?? 0)).toBeGreaterThanOrEqual(120)
  })

  it('test_tidied__loop_and_loose_step__every_step_has_a_place', () => {
    const graph = connect({ ...welcome(), nodes: [...welcome().nodes, node('loose', 'wait')] }, 'award', 'failure', 'mail')
    expect(tidied(graph).size).toBe(6)
  })
})

describe('notes', () => {
  const noted = (): Graph => addNote(welcome(), { x: 303, y: 7 })?.graph ?? welcome()

  it('test_note__added_written_and_resized__on_the_grid_and_within_bounds', () => {
    const graph = changeNote(changeNote(noted(), 'note1', { text: 'x'.repeat(3_000), color: 'pink' }), 'note1', { size: { width: 5, height: 333 } })
    expect(notesOf(graph)).toEqual([{ id: 'note1', text: 'x'.repeat(2_000), color: 'pink', position: { x: 300, y: 0 }, size: { width: 120, height: 340 } }])
    expect(graph.nodes).toEqual(welcome().nodes)
  })

  it('test_note__moved_with_steps_and_removed__the_graph_without_one_says_nothing_of_notes', () => {
    const graph = noted()
    const moved = shiftNodes(graph, new Set(['note1', graph.nodes[1]?.id ?? '']), { x: 20, y: 40 })
    expect(notesOf(moved)[0]?.position).toEqual({ x: 320, y: 40 })
    expect(moved.nodes[1]?.position.x).toBe((graph.nodes[1]?.position.x ?? 0) + 20)
    expect(moveNodes(graph, new Map())).toBe(graph)
    expect(removeNodes(graph, new Set(['note1']))).toEqual(welcome())
    // Taken away with a step, the path stays whole as it does without the note.
    const step = graph.nodes[1]?.id ?? ''
    expect(removeNodes(graph, new Set(['note1', step]))).toEqual(removeNodes(welcome(), new Set([step])))
    expect(completed({ ...graph })).toEqual(graph)
  })

  it('test_note__copied__under_a_new_name_beside_the_first_also_as_text', () => {
    const graph = changeNote(noted(), 'note1', { text: 'Ask Ada' })
    const piece = unpackPiece(packPiece(pieceOf(graph, new Set(['note1']))))
    const pasted = insertPiece(graph, piece ?? { nodes: [], edges: [] })
    expect(pasted.ids).toEqual(['note2'])
    expect(notesOf(pasted.graph).map((note) => [note.id, note.text, note.position.x])).toEqual([['note1', 'Ask Ada', 300], ['note2', 'Ask Ada', 340]])
    expect(unpackPiece(packPiece({ nodes: [], edges: [], notes: [{ ...notesOf(graph)[0], color: 'mauve' } as never] }))).toBeNull()
  })

  it('test_notes__more_than_there_may_be__none_is_added', () => {
    let graph = welcome()
    for (let place = 0; place < NOTES_MAX; place += 1) graph = addNote(graph, { x: 0, y: place * 20 })?.graph ?? graph
    expect(addNote(graph, { x: 0, y: 0 })).toBeNull()
    expect(insertPiece(graph, pieceOf(graph, new Set(['note1']))).ids).toEqual([])
  })
})
