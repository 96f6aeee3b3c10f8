import { describe, expect, it } from 'vitest'
import type { Trigger } from '../campaigns.api'
import { sayTrigger, type Words } from './words'

const NAMES = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const words: Words = {
  t: (key, values) => [key.replace('campaigns.', ''), ...Object.values(values ?? {})].join('|'),
  has: (key) => key.endsWith('customer_purchase'),
  // More arguments than the day itself would choose the width of the name.
  weekday: (...given: unknown[]) => (given.length === 1 ? (NAMES[Number(given[0])] ?? '') : 'too many'),
  list: (items) => items.join('+'),
  instant: (wall) => wall,
  number: String,
}
const say = (trigger: Trigger): string => sayTrigger(trigger, words)

describe('sayTrigger', () => {
  it('test_say__weekly__names_the_days', () => {
    expect(say({ kind: 'schedule', cron: '0 9 * * 1,5', timezone: 'UTC' })).toBe('say.week|Monday+Friday|09:00|UTC')
  })

  it('test_say__event_with_filter__says_the_condition', () => {
    expect(say({ kind: 'event', event_type: 'customer.purchase', filter: { '>': [{ var: 'amount' }, 1] } })).toBe('say.eventFiltered|events.customer_purchase|amount > 1')
  })

  it('test_say__event_without_words__its_own_name', () => {
    expect(say({ kind: 'event', event_type: 'customer.odd', filter: null })).toBe('say.event|customer.odd')
  })

  it('test_say__threshold__operator_and_value', () => {
    expect(say({ kind: 'threshold', measure: 'segment_size', operator: '>=', value: 100 })).toBe('say.segment_size|operators.gte|100')
  })

  it('test_say__unusual_line__the_line_itself', () => {
    expect(say({ kind: 'schedule', cron: '*/5 * * * *', timezone: 'UTC' })).toBe('say.custom|*/5 * * * *|UTC')
  })
})
