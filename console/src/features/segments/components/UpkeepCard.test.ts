import { afterEach, describe, expect, it } from 'vitest'
import { defineComponent, h, nextTick, shallowRef } from 'vue'
import type { VueWrapper } from '@vue/test-utils'
import { mountApp } from '@/testing/mountApp'
import { emptyDraft } from '../draft'
import segments from '../locales/en.json'
import type { SegmentDraft } from '../segments.api'
import UpkeepCard from './UpkeepCard.vue'

let wrapper: VueWrapper | null = null
afterEach(() => wrapper?.unmount())

function show(part: Partial<SegmentDraft>, isReadOnly = false): { draft: () => SegmentDraft; root: VueWrapper } {
  const draft = shallowRef<SegmentDraft>({ ...emptyDraft(), ...part })
  wrapper = mountApp(defineComponent(() => () => h(UpkeepCard, { draft: draft.value, isReadOnly, onChange: (change: Partial<SegmentDraft>) => (draft.value = { ...draft.value, ...change }) })), {}, { segments })
  return { draft: () => draft.value, root: wrapper }
}

describe('UpkeepCard', () => {
  it('test_week__days_pressed__kept_in_order_and_never_none', async () => {
    const { draft, root } = show({ schedule: { kind: 'weekly', at: '03:00', weekdays: [3] } })
    const days = root.findAll('[role="group"][aria-label="Days of the week"] button')
    expect(days).toHaveLength(7)
    expect(days[0]?.text()).toBe('Mon')
    await days[0]?.trigger('click')
    expect(draft().schedule).toEqual({ kind: 'weekly', at: '03:00', weekdays: [1, 3] })
    await days[0]?.trigger('click')
    await days[2]?.trigger('click')
    expect(draft().schedule).toEqual({ kind: 'weekly', at: '03:00', weekdays: [3] })
  })

  it('test_time__changed__other_parts_stay', async () => {
    const { draft, root } = show({ schedule: { kind: 'daily', at: '03:00', time_zone: 'Asia/Amman' } })
    await root.find('input[type="time"]').setValue('05:30')
    expect(draft().schedule).toEqual({ kind: 'daily', at: '05:30', time_zone: 'Asia/Amman' })
  })

  it('test_expression__written_over_http__shown_and_left_alone', async () => {
    const { draft, root } = show({ schedule: { kind: 'cron', expression: '0 4 * * 1' } })
    await nextTick()
    expect(root.text()).toContain('0 4 * * 1')
    expect(draft().schedule).toEqual({ kind: 'cron', expression: '0 4 * * 1' })
  })

  it('test_read_only__switches__disabled', () => {
    const { root } = show({}, true)
    expect(root.findAll('button[role="switch"]').every((one) => one.attributes('disabled') !== undefined)).toBe(true)
  })
})
