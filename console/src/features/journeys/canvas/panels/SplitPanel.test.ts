import { describe, expect, it } from 'vitest'
import { mountApp } from '@/testing/mountApp'
import type { StepWords } from '../../composables/useStepWords'
import en from '../../locales/en.json'
import type { Config, Graph, JourneyNode } from '../graph'
import SplitPanel from './SplitPanel.vue'

const BRANCHES = [{ code: 'offer', weight: 50 }, { code: 'alone', weight: 50 }, { code: 'other', weight: 10 }]
const EXPERIMENT = { mode: 'experiment', salt: 'thanks', branches: BRANCHES, holdout: 'alone' }

function show(config: Config) {
  const told: Config[] = []
  const graphs: Graph[] = []
  const node = { id: 's', kind: 'split', name: 'Draw', config, position: { x: 0, y: 0 } } as JourneyNode
  const graph = { nodes: [node], edges: [{ id: 's-alone', source: 's', branch: 'alone', target: 'end' }], settings: {} } as unknown as Graph
  const wrapper = mountApp(SplitPanel, { node, graph, words: {} as StepWords, fields: [], problems: [], onConfig: (next: Config) => told.push(next), onGraph: (next: Graph) => graphs.push(next) }, { journeys: en })
  return { wrapper, told, graphs }
}

describe('SplitPanel', () => {
  it('test_experiment__is_named_and_may_have_a_holdout', () => {
    const { wrapper } = show(EXPERIMENT)
    expect(wrapper.text()).toContain(en.experimentName)
    expect(wrapper.text()).toContain(en.experimentHoldout)
    expect(wrapper.text()).not.toContain(en.saltHint)
    wrapper.unmount()
  })

  it('test_by_chance_and_once__the_draw_is_named_and_nobody_is_held_out', () => {
    for (const mode of ['random', 'sticky']) {
      const { wrapper } = show({ mode, branches: BRANCHES })
      expect(wrapper.text()).toContain(en.saltHint)
      expect(wrapper.text()).not.toContain(en.experimentHoldout)
      expect(wrapper.text()).toContain(en.splits.sticky)
      wrapper.unmount()
    }
  })

  it('test_branch_of_the_holdout_renamed__the_holdout_goes_with_it', async () => {
    const { wrapper, graphs } = show(EXPERIMENT)
    const names = wrapper.findAll(`input[aria-label="${en.branchName}"]`)
    await names[1]?.setValue('quiet')
    expect(graphs.at(-1)?.nodes[0]?.config['holdout']).toBe('quiet')
    expect(graphs.at(-1)?.edges[0]?.branch).toBe('quiet')
    wrapper.unmount()
  })

  it('test_branch_of_the_holdout_removed__nobody_is_held_out', async () => {
    const { wrapper, told } = show(EXPERIMENT)
    await wrapper.find(`button[aria-label="${en.removeBranch.replace('{branch}', 'alone')}"]`).trigger('click')
    expect(told.at(-1)).toEqual({ mode: 'experiment', salt: 'thanks', branches: [BRANCHES[0], BRANCHES[2]] })
    wrapper.unmount()
  })

  it('test_another_kind_of_split_chosen__the_holdout_is_gone', async () => {
    const { wrapper, told } = show(EXPERIMENT)
    await wrapper.findAll('[role="radio"]')[1]?.trigger('click')
    expect(told.at(-1)).toEqual({ mode: 'sticky', salt: 'thanks', branches: BRANCHES })
    wrapper.unmount()
  })
})
