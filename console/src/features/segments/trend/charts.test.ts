import { describe, expect, it } from 'vitest'
import { changeChart, momentLabels } from './charts'

describe('charts', () => {
  it('test_labels__several_days__days_and_one_day__times', () => {
    expect(momentLabels(['2026-11-27T10:00:00Z', '2026-11-28T10:00:00Z'], 'en-GB')).toEqual(['27 Nov', '28 Nov'])
    expect(momentLabels(['2026-11-28T10:00:00Z', '2026-11-28T11:00:00Z'], 'en-GB').every((label) => /^\d\d:\d\d:\d\d$/.test(label))).toBe(true)
  })

  it('test_change__what_went__below_the_line', () => {
    const option = changeChart(['a'], { added: { name: 'Added', values: [5] }, removed: { name: 'Removed', values: [3] } }, String) as { series: { data: number[] }[] }
    expect(option.series.map((one) => one.data)).toEqual([[5], [-3]])
  })
})
