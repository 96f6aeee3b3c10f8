import { describe, expect, it } from 'vitest'
import { mountApp } from '@/testing/mountApp'
import texts from '../locales/en.json'
import DecisionTrace from './DecisionTrace.vue'

const TRACE = {
  program_version: 2, wallet: 'main', facts: { currency: 'USD' }, stacking: 'best', multiplier: '1', tier: null, bonuses: [], exact_points: '20.5', points_before_caps: 20, reason: '',
  base: { amount: '30', deductions: [{ code: 'tax', amount: '9.5' }], eligible_amount: '20.5', lines: [] },
  rules: [
    { code: 'base', name: 'By amount', kind: 'base', is_matched: true, is_counted: true, reason: '', points: '20.5', multiplier: '1', steps: [{ rule: 1, words: 'Amount times 1', facts: {}, value: '20.5', decisive: true }] },
    { code: 'evening', name: 'Happy hour', kind: 'bonus', is_matched: false, is_counted: false, reason: 'other_hour', points: null, multiplier: '1', steps: [] },
    { code: 'x', name: 'Newer', kind: 'bonus', is_matched: false, is_counted: false, reason: 'of_another_time', points: null, multiplier: '1', steps: [] },
  ],
  caps: [{ code: 'daily', period: 'day', scope: 'member', asked: 20, granted: 15 }], expiry: { kind: 'never', expires_at: null, spendable_until: null },
}

describe('DecisionTrace', () => {
  const wrapper = mountApp(DecisionTrace, { trace: TRACE, points: 15, lost: 5 }, { programs: texts })
  const text = wrapper.text()

  it('test_trace__whole_earn__told_in_sentences', () => {
    expect(text).toContain('Eligible part of 30 USD')
    expect(text).toContain('− 9.5 USD')
    expect(text).toContain('15 of 20 fit into this day')
    expect(text).toContain('By version 2 of the program')
  })

  it('test_trace__rule_that_missed__says_why', () => {
    expect(text).toContain('Not at this hour')
  })

  it('test_trace__reason_the_console_does_not_know__shown_as_it_is', () => {
    expect(text).toContain('of_another_time')
  })

  it('test_trace__rule_opened__its_steps', async () => {
    await wrapper.findAll('button').find((button) => button.text().includes('By amount'))?.trigger('click')
    expect(wrapper.text()).toContain('Amount times 1')
    wrapper.unmount()
  })
})
