import { describe, expect, it } from 'vitest'
import { errorAt, fieldsChanged, hasErrorUnder, rebase, same } from './drafts'

describe('drafts', () => {
  it('test_same__keys_in_another_order__true', () => {
    expect(same({ a: 1, b: [1, { c: 2 }] }, { b: [1, { c: 2 }], a: 1 })).toBe(true)
  })

  it('test_same__list_in_another_order__false', () => {
    expect(same([1, 2], [2, 1])).toBe(false)
  })

  it('test_same__null_beside_object__false', () => {
    expect(same({ a: null }, { a: {} })).toBe(false)
  })

  it('test_fields_changed__nested_change__names_the_top_field', () => {
    expect(fieldsChanged({ name: 'x', tiers: [{ n: 1 }] }, { name: 'x', tiers: [{ n: 2 }] })).toEqual(['tiers'])
  })

  it('test_rebase__both_changed__mine_wins_only_where_i_changed', () => {
    expect(rebase({ name: 'theirs', cap: 5 }, { name: 'old', cap: 9 }, ['cap'])).toEqual({ name: 'theirs', cap: 9 })
  })

  it('test_error_at__pointer_below_the_field__found', () => {
    const errors = [{ field: 'earn_rule/if/0', code: 'x', message: 'no' }]
    expect(errorAt(errors, 'earn_rule')).toBe('no')
    expect(errorAt(errors, 'earn')).toBeUndefined()
  })

  it('test_has_error_under__dotted_path__true', () => {
    expect(hasErrorUnder([{ field: 'tiers.2.code', code: 'x', message: 'no' }], ['tiers'])).toBe(true)
  })
})
