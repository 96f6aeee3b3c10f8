/**
 * What is chosen on the canvas. Vue Flow knows it only of what is drawn; here it is known of the whole journey, so that steps
 * out of sight stay chosen, move along and are deleted with the others.
 */
import type { EdgeChange, NodeChange } from '@vue-flow/core'
import { shallowRef, watch } from 'vue'
import type { Canvas } from './useCanvas'

type Ids = ReadonlySet<string>
/** What the journey has, by id. */
interface Known { has: (id: string) => boolean }
const isSame = (one: Ids, other: Ids): boolean => one.size === other.size && [...one].every((id) => other.has(id))

export function useSelection({ flow }: Canvas, known: { nodes: () => Known; edges: () => Known }, told: (nodes: Ids, edges: Ids) => void) {
  const nodes = shallowRef<Ids>(new Set())
  const edges = shallowRef<Ids>(new Set())
  /** While the canvas itself says what is chosen, what Vue Flow answers is not news. */
  let isTelling = false

  /** What was chosen out of sight stays so only when the user adds to it, not when a box is drawn or one thing is pressed. */
  function after(before: Ids, changes: readonly (NodeChange | EdgeChange)[], isDrawn: (id: string) => boolean): Ids {
    const picks = changes.filter((change) => change.type === 'select')
    if (isTelling || picks.length === 0) return before
    const isAdding = flow.multiSelectionActive.value && !flow.userSelectionActive.value
    const next = new Set([...before].filter((id) => isAdding || isDrawn(id)))
    for (const pick of picks) if (pick.selected) next.add(pick.id); else next.delete(pick.id)
    return isSame(next, before) ? before : next
  }
  function nodesChanged(changes: readonly NodeChange[]): void {
    nodes.value = after(nodes.value, changes, (id) => flow.findNode(id) !== undefined)
  }
  function edgesChanged(changes: readonly EdgeChange[]): void {
    edges.value = after(edges.value, changes, (id) => flow.findEdge(id) !== undefined)
  }

  /** Chooses steps, also such as are not drawn, and no line. */
  function choose(ids: Ids): void {
    isTelling = true
    flow.removeSelectedElements()
    // The second is told to whoever listens for selections; without a drawn step it would change nothing.
    flow.addSelectedNodes(flow.nodes.value.filter((node) => ids.has(node.id)))
    isTelling = false
    if (!isSame(ids, nodes.value)) nodes.value = ids
    if (edges.value.size > 0) edges.value = new Set()
  }
  const clear = (): void => choose(new Set())

  /** What comes into sight is told whether it is chosen; what left the journey is chosen no longer. */
  watch([flow.nodes, flow.edges], () => {
    for (const node of flow.nodes.value) if (node.selected !== nodes.value.has(node.id)) node.selected = !node.selected
    for (const edge of flow.edges.value) if ((edge.selected ?? false) !== edges.value.has(edge.id)) edge.selected = !edge.selected
  })
  watch([known.nodes, known.edges], ([steps, lines]) => {
    const left = new Set([...nodes.value].filter((id) => steps.has(id)))
    if (left.size !== nodes.value.size) nodes.value = left
    const leftLines = new Set([...edges.value].filter((id) => lines.has(id)))
    if (leftLines.size !== edges.value.size) edges.value = leftLines
  })
  watch([nodes, edges], ([steps, lines]) => told(steps, lines))

  return { nodes, edges, choose, clear, nodesChanged, edgesChanged }
}
