import { describe, expect, it } from 'vitest'
import { daysOf, move } from './days'

describe('days', () => {
  it('test_month__november_2026__six_whole_weeks_from_a_monday', () => {
    const { days, end } = daysOf('month', new Date(2026, 10, 28))
    expect([days.length, days[0]?.toDateString(), end.toDateString()]).toEqual([42, 'Mon Oct 26 2026', 'Mon Dec 07 2026'])
  })

  it('test_week__a_sunday__belongs_to_the_week_before', () => {
    const { days } = daysOf('week', new Date(2026, 10, 29))
    expect([days.length, days[0]?.getDate()]).toEqual([7, 23])
  })

  it('test_move__from_the_31st__no_month_is_skipped', () => {
    expect(move('month', new Date(2026, 0, 31), 1).getMonth()).toBe(1)
  })
})
