import { afterEach, describe, expect, it } from 'vitest'
import type { VueWrapper } from '@vue/test-utils'
import { mountApp } from '@/testing/mountApp'
import segments from '../locales/en.json'
import type { Explanation } from '../segments.api'
import ExplainResult from './ExplainResult.vue'

let wrapper: VueWrapper | null = null
afterEach(() => wrapper?.unmount())

const LEAF = { path: '/and/0', words: 'Total revenue is more than 1000', facts: { total_revenue: '812.40' }, value: false, is_decisive: true }
const answer = (part: Partial<Explanation>): Explanation => ({ is_member: false, matches: false, as_of: '2026-11-28T05:00:00Z', trace: [], leaves: [LEAF], smallest_change: [{ path: '/and/0', words: 'Total revenue must be above 1000, is 812.40' }], degraded: [], ...part })
const shown = (part: Partial<Explanation>): string => {
  wrapper = mountApp(ExplainResult, { answer: answer(part) }, { segments })
  return wrapper.text()
}

describe('ExplainResult', () => {
  it('test_outside__smallest_change__what_would_bring_in_with_the_leaf', () => {
    const text = shown({})
    expect(text).toContain('What would bring this customer in')
    expect(text).toContain('Total revenue must be above 1000, is 812.40')
    expect(text).toContain('total_revenue = 812.40')
  })

  it('test_inside__smallest_change__what_would_take_out', () => {
    expect(shown({ is_member: true, matches: true })).toContain('What would take this customer out')
  })

  it('test_unsaved_rule__no_membership__only_the_verdict', () => {
    const text = shown({ is_member: null, matches: true })
    expect(text).not.toContain('Is a member')
    expect(text).toContain('The rule selects this customer now')
  })

  it('test_source_down__said', () => {
    expect(shown({ degraded: [{ source: 'xiva', code: 'x', reason: 'Xiva does not answer', as_of: null, age_seconds: null }] })).toContain('Xiva does not answer')
  })
})
