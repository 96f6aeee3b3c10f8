import { describe, expect, it } from 'vitest'
import { excludedTotal, funnelOf } from './funnel'

describe('funnel', () => {
  it('test_funnel__figures__parts_of_sent_and_of_the_step_before', () => {
    const lines = funnelOf({ total_sent: 200, delivered: 100, opened: 50, clicked: 10, converted: 5, customers_sent: 200 })
    expect(lines.map((line) => line.ofWhole)).toEqual([1, 0.5, 0.25, 0.05, 0.025])
    expect(lines.map((line) => line.ofPrevious)).toEqual([null, 0.5, 0.5, 0.2, null])
  })

  it('test_funnel__two_messages_each_and_buyers_who_never_clicked__a_part_of_the_customers', () => {
    const converted = funnelOf({ total_sent: 200, delivered: 200, opened: 4, clicked: 2, converted: 50, customers_sent: 100 })[4]
    expect([converted?.whole, converted?.ofWhole, converted?.ofPrevious]).toEqual([100, 0.5, null])
  })

  it('test_funnel__nothing_sent__no_parts', () => {
    expect(funnelOf({ total_sent: 0, delivered: 0, opened: 0, clicked: 0, converted: 0, customers_sent: 0 }).every((line) => line.ofWhole === null)).toBe(true)
  })

  it('test_excluded_total__missing_reasons__count_nothing', () => {
    expect(excludedTotal({ no_consent: 3, capped: undefined })).toBe(3)
  })
})
