import { describe, expect, it } from 'vitest'
import { amountOf, pressureOf, usedOf } from './budgets'

describe('budgets', () => {
  it.each([
    ['100', '100', 0, 'calm'],
    ['100', '20', 0.8, 'near'],
    ['100', '0', 1, 'over'],
    ['100', '140', 0, 'calm'],
  ] as const)('test_used__of_%s_left_%s__is_%s', (amount, left, used, pressure) => {
    expect([usedOf({ amount, left }), pressureOf({ amount, left })]).toEqual([used, pressure])
  })

  it.each([['12,5', '12.5'], [' 7 ', '7'], ['0', null], ['-1', null], ['1.234', null], ['a', null], ['', null]])('test_amount__%s__is_%s', (text, amount) => {
    expect(amountOf(text)).toBe(amount)
  })
})
