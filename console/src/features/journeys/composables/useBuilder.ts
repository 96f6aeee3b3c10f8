/** What is done in the builder, each act one step of undo: on the graph, the selection, and the panel beside the canvas. */
import { useToast } from '@nuxt/ui/composables'
import { computed, nextTick, ref, shallowRef, type Ref } from 'vue'
import { useI18n } from 'vue-i18n'
import { addNode, addNote, branchesOf, disconnect, edgeFrom, findNode, findNote, freeSpot, insertPiece, isRequired, moveNodes, neighbour, notesOf, pieceOf, removeNodes, shiftNodes, type Graph, type Place, type Point } from '../canvas/graph'
import { packPiece, unpackPiece } from '../canvas/clipboard'
import type { Draft } from './useDraft'
import { NOTE_OFFER, type useStepOffers } from './useStepOffers'
import type { CanvasActs } from './useCanvasKeys'

export type Side = 'step' | 'note' | 'settings' | 'problems' | 'test' | 'none'

/** What the canvas lets others do to it. */
export interface CanvasHandle {
  select: (ids: readonly string[], isFocused?: boolean) => Promise<void>
  show: (isReadable?: boolean) => void
  middle: () => Point
  zoomIn: () => void
  zoomOut: () => void
  toActualSize: () => void
  reveal: (node: string) => void
}

export function useBuilder(draft: Draft, canvas: Ref<CanvasHandle | null>, offers: ReturnType<typeof useStepOffers>, peopleAt: (node: string) => number) {
  const { t } = useI18n()
  const toast = useToast()
  const nodes = shallowRef<ReadonlySet<string>>(new Set())
  const edges = shallowRef<ReadonlySet<string>>(new Set())
  const side = ref<Side>('settings')
  const place = shallowRef<Place | null>(null)
  const isAdding = ref(false)
  const isFinding = ref(false)
  const only = computed(() => (nodes.value.size === 1 ? [...nodes.value][0] : undefined))
  const chosen = computed(() => findNode(draft.graph.value, only.value))
  const note = computed(() => findNote(draft.graph.value, only.value))
  const isOfOne = (which: Side): boolean => which === 'step' || which === 'note'

  function select(ids: ReadonlySet<string>, lines: ReadonlySet<string>): void {
    nodes.value = ids
    edges.value = lines
    if (ids.size === 1) side.value = note.value ? 'note' : 'step'
    else if (isOfOne(side.value)) side.value = 'settings'
  }

  /** A new step opens its editor at once, with its name ready to be typed over. */
  function add(key: string, at: Place): void {
    if (key === NOTE_OFFER) return addNoteAt('position' in at ? at.position : undefined)
    const made = offers.make(key)
    if (!made) return
    const { graph, id } = addNode(draft.graph.value, made, at)
    draft.change(graph)
    side.value = 'step'
    void canvas.value?.select([id], true)
  }

  /** Where it is let go, or in the middle of what is in sight. */
  function addNoteAt(at: Point | undefined): void {
    const made = addNote(draft.graph.value, at ?? freeSpot(draft.graph.value, canvas.value?.middle() ?? { x: 0, y: 0 }))
    if (!made) return void toast.add({ id: 'journey-notes', title: t('journeys.notes.tooMany'), color: 'warning', icon: 'i-lucide-sticky-note' })
    draft.change(made.graph)
    side.value = 'note'
    void canvas.value?.select([made.id], true)
  }

  function ask(at: Place): void {
    place.value = at
    isAdding.value = true
  }
  function answer(key: string): void {
    const at = place.value ?? { position: canvas.value?.middle() ?? { x: 0, y: 0 } }
    isAdding.value = false
    // The dialog gives the focus back first.
    void nextTick(() => add(key, at))
  }
  /** Leads to a step that was looked for. */
  function go(id: string): void {
    isFinding.value = false
    void nextTick(() => canvas.value?.select([id], true))
  }
  /** Behind the chosen step where one is, else in the middle. */
  function placeForNew(): Place {
    const node = chosen.value
    const way = node && node.kind !== 'end' ? firstFreeWay(draft.graph.value, node.id) : null
    return way ?? { position: canvas.value?.middle() ?? { x: 0, y: 0 } }
  }

  function removeChosen(): void {
    const lines = new Set([...edges.value])
    const graph = removeNodes(disconnect(draft.graph.value, lines), nodes.value)
    if (graph === draft.graph.value) return
    draft.change(graph)
    const waiting = [...nodes.value].reduce((sum, id) => sum + peopleAt(id), 0)
    toast.add({ id: 'journey-removed', description: waiting > 0 ? t('journeys.removedWithPeople', { count: waiting }, waiting) : undefined, title: t('journeys.removed', { count: nodes.value.size || lines.size }, nodes.value.size || lines.size), icon: 'i-lucide-trash-2', color: 'neutral', actions: [{ label: t('common.undo'), onClick: () => draft.undo() }] })
    nodes.value = new Set()
    edges.value = new Set()
    if (isOfOne(side.value)) side.value = 'settings'
  }

  function insert(text: string, at: Point | null): boolean {
    const piece = unpackPiece(text)
    if (!piece) return false
    const { graph, ids } = insertPiece(draft.graph.value, piece, at)
    if (ids.length === 0) return false
    draft.change(graph)
    void canvas.value?.select(ids, true)
    return true
  }
  const copied = (): string | null => (nodes.value.size === 0 ? null : packPiece(pieceOf(draft.graph.value, nodes.value)))

  /** The layout comes when it is first asked for. */
  async function tidy(): Promise<void> {
    const { tidied } = await import('../canvas/layout')
    const graph = moveNodes(draft.graph.value, tidied(draft.graph.value))
    if (graph !== draft.graph.value) draft.change(graph)
    await nextTick()
    canvas.value?.show(true)
  }

  const acts: CanvasActs = {
    walk: (direction) => {
      const from = chosen.value?.id ?? draft.graph.value.nodes.find((node) => node.kind === 'start')?.id
      const to = chosen.value ? neighbour(draft.graph.value, chosen.value.id, direction) : from
      if (to) void canvas.value?.select([to], true)
    },
    shift: (by) => draft.change(shiftNodes(draft.graph.value, nodes.value, by), 'shift'),
    removeChosen,
    duplicate: () => { const text = copied(); if (text) insert(text, null) },
    chooseAll: () => void canvas.value?.select([...draft.graph.value.nodes, ...notesOf(draft.graph.value)].map((one) => one.id)),
    chooseNone: () => void canvas.value?.select([]),
    tidy: () => void tidy(),
    add: () => ask(placeForNew()),
    addNote: () => addNoteAt(undefined),
    find: () => { isFinding.value = true },
    zoomIn: () => canvas.value?.zoomIn(),
    zoomOut: () => canvas.value?.zoomOut(),
    actualSize: () => canvas.value?.toActualSize(),
    showAll: () => canvas.value?.show(),
    copy: copied,
    cut: () => { const text = copied(); if (text) removeChosen(); return text },
    paste: (text) => insert(text, pasteAt(draft.graph.value, text)),
  }

  return { nodes, edges, side, chosen, note, isAdding, isFinding, place, select, add, ask, answer, go, placeForNew, acts, insert }

  /** Beside where it came from in the same journey, in the middle of the view in another one. */
  function pasteAt(graph: Graph, text: string): Point | null {
    const piece = unpackPiece(text)
    const isFromHere = piece?.nodes.some((node) => graph.nodes.some((one) => one.id === node.id && one.name === node.name)) || piece?.notes?.some((one) => findNote(graph, one.id)?.text === one.text)
    return isFromHere ? null : (canvas.value?.middle() ?? null)
  }
}

/** The first way out that leads nowhere yet, else the main one, on whose line the new step is put. */
function firstFreeWay(graph: Graph, id: string): Place | null {
  const node = findNode(graph, id)
  const ways = node ? branchesOf(node).filter(isRequired) : []
  const branch = ways.find((way) => !edgeFrom(graph, id, way)) ?? ways[0]
  return branch === undefined ? null : { source: id, branch }
}
