import { describe, expect, it } from 'vitest'
import { mountApp } from '@/testing/mountApp'
import { emptyGraph, type JourneyNode } from '../canvas/graph'
import type { Fate } from '../journeys.api'
import en from '../locales/en.json'
import PeoplePlan from './PeoplePlan.vue'

const node = (id: string): JourneyNode => ({ id, kind: 'wait', name: `Step ${id}`, config: {}, position: { x: 0, y: 0 } })
const fate = (node_id: string, target: string | null): Fate => ({ version: 1, node_id, node_name: `Step ${node_id}`, count: 1234, fate: 'move', target })
const props = (fates: Fate[]) => ({ fates, graph: { ...emptyGraph(), nodes: [node('a'), node('b')] }, policy: 'move' as const, nodeMap: {} })
const selects = (wrapper: ReturnType<typeof mountApp>): string[] => wrapper.findAll('td button').map((button) => button.text())

describe('PeoplePlan', () => {
  it('test_moved__step_still_there__goes_on_at_itself', () => {
    const wrapper = mountApp(PeoplePlan, props([fate('a', 'a')]), { journeys: en })
    expect(selects(wrapper)).toEqual(['Step a'])
    expect(wrapper.text()).toContain('1,234')
    wrapper.unmount()
  })

  it('test_moved__step_gone__asks_instead_of_choosing_by_itself', () => {
    const wrapper = mountApp(PeoplePlan, props([fate('gone', null)]), { journeys: en })
    expect(wrapper.text()).toContain(en.stepGone)
    expect(selects(wrapper)).toEqual([en.choose])
    wrapper.unmount()
  })

  it('test_moved__leaving_chosen__said', () => {
    const wrapper = mountApp(PeoplePlan, { ...props([fate('gone', null)]), nodeMap: { gone: null } }, { journeys: en })
    expect(selects(wrapper)).toEqual([en.leaveJourney])
    wrapper.unmount()
  })
})
