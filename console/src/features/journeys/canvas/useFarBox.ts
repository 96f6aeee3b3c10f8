/** A box drawn over a journey that is only sketched: Vue Flow knows but the few steps that are drawn, the graph knows all of them. */
import { watch } from 'vue'
import type { Graph } from './graph'
import { stepsIn } from './sketch'
import type { Canvas } from './useCanvas'

export function useFarBox({ flow }: Canvas, sketched: () => Graph | null, choose: (ids: ReadonlySet<string>) => void): { begin: () => void; end: () => void } {
  let last: { x: number; y: number; width: number; height: number } | null = null
  watch(flow.userSelectionRect, (box) => { if (box) last = { x: box.x, y: box.y, width: box.width, height: box.height } }, { flush: 'sync' })

  function end(): void {
    const graph = sketched()
    if (!graph || !last) return
    const { x, y, zoom } = flow.viewport.value
    choose(new Set(stepsIn(graph, { x: (last.x - x) / zoom, y: (last.y - y) / zoom, width: last.width / zoom, height: last.height / zoom })))
  }
  return { begin: () => { last = null }, end }
}
