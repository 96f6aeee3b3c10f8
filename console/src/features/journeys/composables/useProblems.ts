/** Everything that is wrong with the draft as it stands: how steps hang together at once, the rest as the server last said. */
import { computed, type ComputedRef, type Ref } from 'vue'
import { useI18n } from 'vue-i18n'
import type { Graph } from '../canvas/graph'
import { flawsOf, STRUCTURAL, type Flaw } from '../canvas/structure'
import type { Problem } from '../journeys.api'
import type { StepWords } from './useStepWords'

const FOUND_HERE = new Set<string>(STRUCTURAL.map((code) => `journeys.${code}`))

export function useProblems(graph: Ref<Graph>, told: Ref<readonly Problem[]>, words: StepWords): ComputedRef<readonly Problem[]> {
  const { t } = useI18n()

  function worded({ code, severity, node, edge, branch }: Flaw): Problem {
    const named = { step: node ? node.name || t(`journeys.kinds.${node.kind}`) : '', branch: branch === null ? '' : words.branch(branch, node?.kind) }
    return { code: `journeys.${code}`, severity, node_id: node?.id ?? null, edge_id: edge?.id ?? null, field: branch, message: t(`journeys.structure.${code}.what`, named), repair: t(`journeys.structure.${code}.repair`, named), is_worded: true }
  }

  // The same list as long as it says the same, so that typing does not redraw every step.
  let last: readonly Problem[] = []
  return computed(() => {
    const ids = new Set(graph.value.nodes.map((node) => node.id))
    const rest = told.value.filter((one) => !FOUND_HERE.has(one.code) && (!one.node_id || ids.has(one.node_id)))
    const next = [...flawsOf(graph.value).map(worded), ...rest]
    const isSame = next.length === last.length && next.every((one, place) => one === last[place] || JSON.stringify(one) === JSON.stringify(last[place]))
    if (!isSame) last = next
    return last
  })
}
