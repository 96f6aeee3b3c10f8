import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { flushPromises, type VueWrapper } from '@vue/test-utils'
import { mountApp } from '@/testing/mountApp'
import segments from '../locales/en.json'
import * as api from '../segments.api'
import CompareCard from './CompareCard.vue'

let wrapper: VueWrapper | null = null
vi.mock('../segments.api', async (original) => ({ ...(await original<typeof api>()), compareSnapshots: vi.fn() }))
const compare = vi.mocked(api.compareSnapshots)
beforeEach(() => compare.mockReset())
afterEach(() => wrapper?.unmount())

const snapshot = (day: number, hasMembers = true) => ({ id: `m-${day}`, segment: 's-1', taken_at: `2026-11-${day}T03:00:00Z`, member_count: 500 + day, added_count: 5, removed_count: 3, cause: 'schedule', has_members: hasMembers }) as unknown as api.Snapshot
const people = (count: number) => Array.from({ length: count }, (_, place) => ({ customer_id: `0000-${place}`, customer_ref: `CUST-${place}` }))
const outcome = (added: number, removed: number) => ({ added_count: added, removed_count: removed, stayed_count: 500, added: people(Math.min(added, 20)), removed: people(Math.min(removed, 20)) }) as unknown as Awaited<ReturnType<typeof api.compareSnapshots>>

async function show(...snapshots: api.Snapshot[]): Promise<VueWrapper> {
  wrapper = mountApp(CompareCard, { segmentId: 's-1', snapshots }, { segments })
  await flushPromises()
  return wrapper
}

describe('CompareCard', () => {
  it('test_open__three_moments__the_last_two_are_compared', async () => {
    compare.mockResolvedValue(outcome(24, 2))
    const root = await show(snapshot(10), snapshot(11), snapshot(12))
    expect(compare).toHaveBeenCalledWith('s-1', 'm-11', 'm-12', expect.anything())
    expect(root.findAll('dd').map((one) => one.text())).toEqual(['−2', '500', '+24'])
    expect(root.findAll('a')).toHaveLength(14)
    expect(root.text()).toContain('12')
  })

  it('test_swap__pressed__asked_the_other_way_round', async () => {
    compare.mockResolvedValue(outcome(1, 1))
    const root = await show(snapshot(10), snapshot(11))
    await root.find('button[aria-label="Swap the two moments"]').trigger('click')
    await flushPromises()
    expect(compare).toHaveBeenLastCalledWith('s-1', 'm-11', 'm-10', expect.anything())
  })

  it('test_open__moments_without_members__not_offered', async () => {
    const root = await show(snapshot(10, false), snapshot(11))
    expect(compare).not.toHaveBeenCalled()
    expect(root.findAll('button[role="combobox"]')).toHaveLength(0)
  })

  it('test_compare__server_refuses__said_with_another_try', async () => {
    compare.mockRejectedValueOnce(new Error('gone'))
    const root = await show(snapshot(10), snapshot(11))
    expect(root.find('dl').exists()).toBe(false)
    compare.mockResolvedValue(outcome(1, 0))
    await root.findAll('button').find((one) => /again/i.test(one.text()))?.trigger('click')
    await flushPromises()
    expect(root.findAll('dd').map((one) => one.text())).toEqual(['−0', '500', '+1'])
  })
})
