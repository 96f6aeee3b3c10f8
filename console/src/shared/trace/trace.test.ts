import { describe, expect, it } from 'vitest'
import { formulaOf, stepsOf, valueText } from './trace'

describe('formulaOf', () => {
  it('test_formula__product__infix', () => {
    expect(formulaOf({ '*': [{ var: 'transaction_amount' }, 0.1] })).toBe('transaction_amount × 0.1')
  })

  it('test_formula__weaker_inside_stronger__brackets', () => {
    expect(formulaOf({ '*': [{ '+': [{ var: 'a' }, 1] }, 2] })).toBe('(a + 1) × 2')
  })

  it('test_formula__if_chain__branches_in_order', () => {
    expect(formulaOf({ if: [{ '>': [{ var: 'a' }, 100] }, 1, 0] })).toBe('if a > 100: 1; else 0')
  })

  it('test_formula__unknown_operator__as_a_call', () => {
    expect(formulaOf({ round: [{ var: 'a' }, 2] })).toBe('round(a, 2)')
  })

  it('test_formula__and_of_one_part__that_part', () => {
    expect(formulaOf({ and: [{ '>': [{ var: 'amount' }, 100] }] })).toBe('amount > 100')
  })

  it('test_formula__list_operand__comma_separated', () => {
    expect(formulaOf({ in: [{ var: 'tier' }, ['GOLD', 'SILVER']] })).toBe('tier in "GOLD", "SILVER"')
  })

  it('test_value_text__null__dash', () => {
    expect(valueText(null)).toBe('—')
  })
})

describe('stepsOf', () => {
  it('test_steps__names_of_the_engine__taken', () => {
    expect(stepsOf([{ words: 'a is more than 1', facts: { a: 2 }, value: true, is_decisive: true }])).toEqual([{ words: 'a is more than 1', rule: null, facts: { a: 2 }, value: true, decisive: true }])
  })

  it('test_steps__not_a_list__none', () => {
    expect(stepsOf({ rule: 1 })).toEqual([])
  })
})
