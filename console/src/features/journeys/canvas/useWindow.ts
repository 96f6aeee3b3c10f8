/** Which part of the journey is drawn step by step, as the view moves over it; from far away the rest is a sketch. */
import { computed, ref, type ComputedRef } from 'vue'
import type { Graph } from './graph'
import { boxAround, partOf, type Part } from './part'
import { windowOf, type Box, type View } from './stepMap'

/** Up to this many steps all are drawn: what that costs with every move cannot be felt, and a pan never waits for a step. */
const WHOLE_MAX = 80
/** Around the first step, until the canvas knows its size and where it stands. */
const FIRST = { width: 1_600, height: 1_200 } as const
/** Smaller than this no word on a step can be read: what cannot be read is not drawn as cards. */
export const SKETCH_ZOOM = 0.4

export function useWindow(graph: () => Graph, view: ComputedRef<View>, kept: () => ReadonlySet<string>): { part: ComputedRef<Part | null>; isSketch: ComputedRef<boolean>; begin: () => void } {
  const hasBegun = ref(false)
  const isWhole = computed(() => graph().nodes.length <= WHOLE_MAX)

  function firstBox(): Box {
    const { nodes } = graph()
    const at = (nodes.find((node) => node.kind === 'start') ?? nodes[0])?.position ?? { x: 0, y: 0 }
    return { x: at.x - FIRST.width / 2, y: at.y - FIRST.height / 2, ...FIRST }
  }
  // The same box as long as it will do, so that a pan within it draws nothing anew.
  const box = computed<Box>((last) => (hasBegun.value ? boxAround(windowOf(view.value), last ?? null) : firstBox()))
  const isSketch = computed(() => hasBegun.value && !isWhole.value && view.value.zoom < SKETCH_ZOOM)
  const part = computed(() => (isWhole.value ? null : partOf(graph(), isSketch.value ? null : box.value, kept())))
  return { part, isSketch, begin: () => { hasBegun.value = true } }
}
