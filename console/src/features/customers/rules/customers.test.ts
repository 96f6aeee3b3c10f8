import { describe, expect, it } from 'vitest'
import { readValue } from '@/shared/format/readValue'
import { groupFeatures, isShownUnit } from './features'

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
