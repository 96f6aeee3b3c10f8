import { describe, expect, it } from 'vitest'
import { groupFeatures, isShownUnit, readValue } from './features'
import { tierProgress } from './progress'

const TIERS = [{ code: 'G', name: 'Gold', min_points: 5000 }, { code: 'B', name: 'Bronze', min_points: 0 }, { code: 'S', name: 'Silver', min_points: 1000 }]

describe('tierProgress', () => {
  it('test_progress__between_two_tiers__share_of_the_way', () => {
    expect(tierProgress(TIERS, 3000)).toMatchObject({ current: { code: 'S' }, next: { code: 'G' }, share: 0.5, missing: 2000 })
  })

  it('test_progress__exactly_at_the_bound__has_the_tier', () => {
    expect(tierProgress(TIERS, 1000)).toMatchObject({ current: { code: 'S' }, share: 0 })
  })

  it('test_progress__at_the_top__full_and_nothing_missing', () => {
    expect(tierProgress(TIERS, 9000)).toMatchObject({ current: { code: 'G' }, next: null, share: 1, missing: 0 })
  })

  it('test_progress__below_the_first_tier__counts_from_zero', () => {
    expect(tierProgress([{ code: 'S', name: 'Silver', min_points: 100 }], 25)).toMatchObject({ current: null, share: 0.25, missing: 75 })
  })
})

describe('features', () => {
  const feature = (name: string, category: string, freshness: string | null = null): { name: string; label: string; value: number; category: string; freshness: string | null } => ({ name, label: name, value: 1, category, freshness })

  it('test_groups__search__only_what_holds_every_word', () => {
    expect(groupFeatures([feature('total revenue', 'Value'), feature('age', 'Profile')], 'rev val').map((group) => group.category)).toEqual(['Value'])
  })

  it('test_groups__freshness__the_oldest', () => {
    expect(groupFeatures([feature('a', 'X', '2026-11-20T08:00:00Z'), feature('b', 'X', '2026-11-19T08:00:00Z')], '')[0]?.freshness).toBe('2026-11-19T08:00:00Z')
  })

  it.each<[unknown, string]>([[null, 'nothing'], ['', 'nothing'], [[], 'nothing'], [true, 'truth'], ['12.50', 'number'], ['2026-11-20', 'day'], ['Gold', 'text'], [['a', 'b'], 'text'], ['962790010000000000', 'text']])('test_value__%j__%s', (value, kind) => {
    expect(readValue(value).kind).toBe(kind)
  })

  it.each<[string | undefined, boolean]>([['days', true], ['currency', false], ['0 to 1', false], [undefined, false]])('test_unit__%s__shown_%s', (unit, isShown) => {
    expect(isShownUnit(unit)).toBe(isShown)
  })
})
