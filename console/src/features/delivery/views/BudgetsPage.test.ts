import { flushPromises } from '@vue/test-utils'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { mountApp } from '@/testing/mountApp'
import * as api from '../budgets.api'
import en from '../locales/en.json'
import BudgetsPage from './BudgetsPage.vue'

vi.mock('@/features/programs', () => ({ listPrograms: async () => ({ results: [{ id: 'p1', name: 'Stars' }] }) }))
const budget = (part: Partial<api.Budget>): api.Budget => ({ id: 'b', scope: 'month', ref: null, amount: '100.00', spent: '90.000000', month: '2026-11-01', left: '10.00', currency: 'USD', created_at: '2026-11-01T00:00:00Z', ...part })

describe('BudgetsPage', () => {
  afterEach(() => { vi.restoreAllMocks(); document.body.innerHTML = '' })

  it('test_budgets__listed_by_name_with_what_is_left_and_the_prices', async () => {
    const rows = [budget({}), budget({ id: 'c', scope: 'program', ref: 'p1', left: '0' }), budget({ id: 'd', scope: 'source', ref: 'k1', left: '100.00' })]
    vi.spyOn(api, 'listBudgets').mockResolvedValue({ count: 3, results: rows } as unknown as Awaited<ReturnType<typeof api.listBudgets>>)
    vi.spyOn(api, 'getCosts').mockResolvedValue({ currency: 'USD', prices: { email: '0.0004', sms: '0.05' } })
    vi.spyOn(api, 'campaignName').mockResolvedValue('News')
    const wrapper = mountApp(BudgetsPage, {}, { delivery: en })
    await flushPromises()
    await flushPromises()
    const [month, program, source] = wrapper.findAll('tbody tr').map((row) => row.text().replace(/[\u2066\u2069]/g, ''))
    expect(month).toContain(en.budgets.ofMonth)
    expect(month).toContain('$10.00 left of $100.00')
    expect(program).toContain('Stars')
    expect(program).toContain(en.budgets.usedUp)
    expect(source).toContain('News')
    expect(wrapper.find('a[href="/campaigns/k1"]').exists()).toBe(true)
    expect(wrapper.text()).toContain('$0.0004')
    expect(wrapper.text()).toContain(en.budgets.free)
    wrapper.unmount()
  })
})
