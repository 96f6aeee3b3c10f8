import { flushPromises } from '@vue/test-utils'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { mountApp } from '@/testing/mountApp'
import * as api from '../journeys.api'
import en from '../locales/en.json'
import StuckPanel from './StuckPanel.vue'

const LATE: api.Stuck = { execution_id: 'x1', journey_id: 'j1', journey_name: 'Welcome', version: 3, node_id: 'mail', node_name: 'Welcome mail', state: 'IN_PROGRESS', customer_id: null, due_at: '2026-11-28T10:00:00Z', overdue_seconds: 5_400, reason: 'The action was tried 2 times: try again later' }

describe('StuckPanel', () => {
  afterEach(() => vi.restoreAllMocks())

  it('test_overdue__listed__with_how_long_why_and_a_way_to_the_person', async () => {
    vi.spyOn(api, 'listStuck').mockResolvedValue([LATE])
    const wrapper = mountApp(StuckPanel, {}, { journeys: en })
    await flushPromises()
    const row = wrapper.find('tbody tr')
    expect(row.text()).toContain('Welcome mail')
    expect(row.text()).toContain('1.5 hr')
    expect(row.text()).toContain(LATE.reason)
    expect(row.find('a').attributes('href')).toBe('/journeys/j1/people/x1')
    wrapper.unmount()
  })

  it('test_nobody__said_in_words', async () => {
    vi.spyOn(api, 'listStuck').mockResolvedValue([])
    const wrapper = mountApp(StuckPanel, {}, { journeys: en })
    await flushPromises()
    expect(wrapper.text()).toContain(en.stuck.none)
    wrapper.unmount()
  })
})
