/** Steps that are dragged: where they are meanwhile, and the graph they leave when they are let go. */
import type { NodeDragEvent } from '@vue-flow/core'
import { shallowRef } from 'vue'
import { moveNodes, placedOf, snapped, type Graph, type Point } from './graph'

export function useMoving(graph: () => Graph, chosen: () => ReadonlySet<string>, moved: (graph: Graph) => void) {
  const ids = shallowRef<ReadonlySet<string>>(new Set())
  // Not reactive: it is read when the view moves on during a drag, and must not draw anything with every move of the pointer.
  const places = new Map<string, Point>()

  function start({ nodes }: NodeDragEvent): void {
    places.clear()
    ids.value = new Set(nodes.map((node) => node.id))
  }
  function drag({ nodes }: NodeDragEvent): void {
    for (const node of nodes) places.set(node.id, { x: node.position.x, y: node.position.y })
  }
  function stop({ node, nodes }: NodeDragEvent): void {
    places.clear()
    ids.value = new Set()
    const to = new Map(nodes.map((one) => [one.id, snapped(one.position)]))
    const before = placedOf(graph()).find((one) => one.id === node.id)?.position
    const now = to.get(node.id)
    // Chosen steps out of sight are not drawn and come along only now.
    if (before && now && chosen().has(node.id)) {
      for (const one of placedOf(graph())) {
        if (chosen().has(one.id) && !to.has(one.id)) to.set(one.id, snapped({ x: one.position.x + now.x - before.x, y: one.position.y + now.y - before.y }))
      }
    }
    moved(moveNodes(graph(), to))
  }
  return { ids, start, drag, stop, placeOf: (id: string): Point | undefined => places.get(id) }
}
