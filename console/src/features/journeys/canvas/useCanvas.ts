/** The only file that speaks to Vue Flow's store, so that its next major version is met in one place. */
import { useVueFlow } from '@vue-flow/core'
import { computed } from 'vue'
import { boxesOf, CARD, type Graph, type Point } from './graph'
import { centredOn, type View } from './stepMap'

/** Smaller than this and the names on the cards cannot be read any more. */
export const READABLE_ZOOM = 0.8
const ZOOM_MIN = 0.08
const ZOOM_MAX = 1.6
const ZOOM_STEP = 1.2
/** Beside the steps less room is left than above them: two ways of a fork shall fit between palette and panel. */
const MARGIN = { across: 20, down: 40 } as const
const MOVE_MS = 200

export const ZOOM = { min: ZOOM_MIN, max: ZOOM_MAX }

export function useCanvas(id: string) {
  const flow = useVueFlow(id)

  /** The whole journey; where that would make it smaller than it may be, its beginning. */
  function show(graph: Graph, zoomMin = ZOOM_MIN): void {
    const { width, height } = flow.dimensions.value
    const boxes = boxesOf(graph)
    if (boxes.length === 0 || width === 0) return
    const left = Math.min(...boxes.map((box) => box.x))
    const top = Math.min(...boxes.map((box) => box.y))
    const wide = Math.max(...boxes.map((box) => box.x + box.width)) - left
    const high = Math.max(...boxes.map((box) => box.y + box.height)) - top
    const fitting = Math.min((width - 2 * MARGIN.across) / wide, (height - 2 * MARGIN.down) / high, 1)
    const zoom = Math.max(fitting, zoomMin)
    const first = graph.nodes.find((node) => node.kind === 'start') ?? graph.nodes[0]
    const isCut = fitting < zoom
    const middle = isCut && wide * zoom > width ? (first?.position.x ?? left) + CARD.width / 2 : left + wide / 2
    void flow.setViewport({ zoom, x: width / 2 - middle * zoom, y: isCut && high * zoom > height ? MARGIN.down - top * zoom : (height - high * zoom) / 2 - top * zoom })
  }

  /** Whether a step at that place is in sight as a whole. */
  function isSeen(at: Point): boolean {
    const { x, y, zoom } = flow.viewport.value
    const { width, height } = flow.dimensions.value
    const corner = { x: at.x * zoom + x, y: at.y * zoom + y }
    return corner.x >= 0 && corner.y >= 0 && corner.x + CARD.width * zoom <= width && corner.y + CARD.height * zoom <= height
  }
  /** Brings a step into the middle unless it is in sight already. */
  function reveal(at: Point, isAlways = false): void {
    if (isSeen(at) && !isAlways) return
    void flow.setCenter(at.x + CARD.width / 2, at.y + CARD.height / 2, { zoom: Math.max(flow.viewport.value.zoom, READABLE_ZOOM), duration: MOVE_MS })
  }

  /** Whether some step lies outside of what is in sight. */
  function isCut(graph: Graph): boolean {
    const { x, y, zoom } = flow.viewport.value
    const { width, height } = flow.dimensions.value
    return graph.nodes.some((node) => node.position.x * zoom + x < 0 || node.position.y * zoom + y < 0 || (node.position.x + CARD.width) * zoom + x > width || (node.position.y + CARD.height) * zoom + y > height)
  }

  const pointAt = (event: { clientX: number; clientY: number }): Point => flow.screenToFlowCoordinate({ x: event.clientX, y: event.clientY })
  /** The middle of what is in sight, for steps that are added or pasted without a pointer. */
  function middle(): Point {
    const { x, y, zoom } = flow.viewport.value
    const { width, height } = flow.dimensions.value
    return { x: (width / 2 - x) / zoom - CARD.width / 2, y: (height / 2 - y) / zoom - CARD.height / 2 }
  }
  const view = computed<View>(() => ({ ...flow.viewport.value, width: flow.dimensions.value.width, height: flow.dimensions.value.height }))
  /** Brings a place into the middle at once, as it follows a pointer. */
  const lookAt = (at: Point): void => void flow.setViewport({ ...centredOn(at, view.value), zoom: view.value.zoom })
  const toActualSize = (): void => void flow.zoomTo(1, { duration: MOVE_MS })
  /** Pressed again while the last step of zooming still moves, it goes on from where that one leads. */
  let aimed = { zoom: 1, until: 0 }
  function zoomBy(factor: number): void {
    const from = performance.now() < aimed.until ? aimed.zoom : flow.viewport.value.zoom
    aimed = { zoom: Math.min(Math.max(from * factor, ZOOM_MIN), ZOOM_MAX), until: performance.now() + MOVE_MS }
    void flow.zoomTo(aimed.zoom, { duration: MOVE_MS })
  }
  const zoomIn = (): void => zoomBy(ZOOM_STEP)
  const zoomOut = (): void => zoomBy(1 / ZOOM_STEP)

  return { show, reveal, isSeen, isCut, pointAt, middle, zoomIn, zoomOut, toActualSize, view, lookAt, viewport: flow.viewport, flow }
}
/** Tells the canvas that the ways of a step have moved or become others. */
export function useHandles(id: () => string): () => void {
  const { updateNodeInternals } = useVueFlow()
  return () => updateNodeInternals([id()])
}
export type Canvas = ReturnType<typeof useCanvas>
