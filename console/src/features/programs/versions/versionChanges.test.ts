import { describe, expect, it } from 'vitest'
import { groupedChanges, textOfValue, type Words } from './versionChanges'

const WORDS: Words = { field: (name) => (name === 'limit' ? 'At most' : name), value: (value) => value, number: String, section: (id) => `§${id}`, yes: 'yes', no: 'no', join: ', ' }

describe('changes of a version', () => {
  it('test_grouped__by_section__in_the_order_of_the_builder', () => {
    const groups = groupedChanges([
      { path: 'expiry.days', before: 30, after: 60, words: 'Points last longer.' },
      { path: 'caps.daily.limit', before: '100', after: '200', words: '' },
      { path: 'unknown', before: 1, after: 2, words: '' },
    ], WORDS)
    expect(groups.map((group) => group.key)).toEqual(['caps', 'expiry', 'other'])
    expect(groups[0]?.changes[0]).toMatchObject({ name: 'daily · At most', before: '100', after: '200' })
    expect(groups[1]?.changes[0]?.words).toBeUndefined()
  })

  it('test_change_of_a_rule__words_of_the_server__told', () => {
    const [group] = groupedChanges([{ path: 'earn_rules.base.rule', before: 5, after: 6, words: 'Way to earn base: from 5 to 6' }], WORDS)
    expect(group?.changes[0]).toMatchObject({ words: 'Way to earn base: from 5 to 6', before: '5', after: '6' })
  })

  it('test_value__nothing__null_so_that_added_and_removed_show', () => {
    expect([null, '', []].map((value) => textOfValue('caps', value, WORDS))).toEqual([null, null, null])
  })

  it('test_value__rule__as_a_formula', () => {
    expect(textOfValue('earn_rules.base.rule', { '*': [{ var: 'transaction_amount' }, 2] }, WORDS)).toBe('transaction_amount × 2')
  })

  it('test_value__whole_thing_added__line_by_line', () => {
    expect(textOfValue('caps.daily', { limit: '5', tier_codes: ['GOLD', 'SILVER'], is_on: true, rule_code: '' }, WORDS)).toBe('At most: 5\ntier_codes: GOLD, SILVER\nis_on: yes')
  })
})
