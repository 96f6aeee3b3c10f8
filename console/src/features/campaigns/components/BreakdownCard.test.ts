import USelect from '@nuxt/ui/components/Select.vue'
import { flushPromises } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { mountApp } from '@/testing/mountApp'
import type { BreakdownRow, Performance } from '../campaigns.api'
import en from '../locales/en.json'
import BreakdownCard from './BreakdownCard.vue'

const row = (dimension: BreakdownRow['dimension'], value: string, sent: number): BreakdownRow => ({ dimension, value, placed: sent + 1, left_out: 1, total_sent: sent, delivered: 0, opened: 0, clicked: 0, converted: 0, unsubscribed: 0, failed: 0, revenue: '0', cost: '0', points: 0 })
const TOLD = { placed: 9, breakdown: [row('day', '2026-11-20', 7), row('variant', '(none)', 2), row('variant', 'a', 5), row('variant', 'control', 0)] } as unknown as Performance

describe('BreakdownCard', () => {
  it('test_lines__each_named_and_each_figure_leads_to_its_customers', async () => {
    const wrapper = mountApp(BreakdownCard, { performance: TOLD, campaignId: 'c1', name: 'News' }, { campaigns: en })
    await flushPromises()
    const hrefs = (): string[] => wrapper.findAll('tbody a').map((link) => decodeURIComponent(link.attributes('href') ?? ''))
    expect(hrefs()).toEqual([expect.stringContaining('sent_on=2026-11-20'), expect.stringMatching(/sent_on=2026-11-20.*stage=sent|stage=sent.*sent_on=2026-11-20/)])
    wrapper.findComponent(USelect).vm.$emit('update:modelValue', 'variant')
    await flushPromises()
    expect(wrapper.findAll('tbody th').map((cell) => cell.text())).toEqual([en.noVariant, 'a', en.arms.control])
    expect(hrefs().filter((href) => href.includes('stage=sent'))).toHaveLength(2)
    expect(wrapper.findAll('tbody tr')[2]?.findAll('td').map((cell) => cell.text())).toEqual(['1', '1', ...Array<string>(9).fill('—')])
    expect(hrefs().some((href) => href.includes('variant=control'))).toBe(true)
  })
})
