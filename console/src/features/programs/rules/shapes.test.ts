import { describe, expect, it } from 'vitest'
import { burnRuleOf, burnShapeOf } from './burnShapes'
import { ruleOf, shapeOf, startOf, type CustomShape, type EarnShape } from './earnShapes'

const SHAPES: Exclude<EarnShape, CustomShape>[] = [
  { kind: 'none' },
  { kind: 'fixed', points: 25 },
  { kind: 'rate', rate: 0.1 },
  { kind: 'threshold', from: 100, isInclusive: false, rate: 0.1 },
  { kind: 'threshold', from: 0, isInclusive: true, rate: 2 },
  { kind: 'category', rates: [{ category: 'data', rate: 2 }, { category: 'voice', rate: 0 }], otherwise: 1 },
  { kind: 'category', rates: [{ category: 'data', rate: 2 }], otherwise: 0 },
]

describe('earn shapes', () => {
  it.each(SHAPES)('test_shape__written_and_read__the_same: $kind', (shape) => {
    expect(shapeOf(ruleOf(shape))).toEqual(shape)
  })

  it('test_shape__rule_of_the_user_guide__threshold', () => {
    const rule = { if: [{ '>': [{ var: 'transaction_amount' }, 100] }, { '*': [{ var: 'transaction_amount' }, 0.1] }, 0] }
    expect(shapeOf(rule)).toEqual({ kind: 'threshold', from: 100, isInclusive: false, rate: 0.1 })
  })

  it.each([
    [{ '*': [0.1, { var: 'transaction_amount' }] }],
    [{ '*': [{ var: ['transaction_amount', 0] }, 0.1] }],
    [{ '*': [{ var: ['transaction_amount'] }, 0.1] }],
    [{ if: [{ '>': [{ var: 'transaction_amount' }, 100] }, { '*': [{ var: 'transaction_amount' }, 0.1] }, 5] }],
    [{ '+': [{ var: 'transaction_amount' }, 1] }],
    [{ if: [{ '==': [{ var: 'channel' }, 'app'] }, { '*': [{ var: 'transaction_amount' }, 2] }, 0] }],
    ['text'],
    [{}],
  ])('test_shape__written_otherwise__custom_so_that_nothing_is_lost', (rule) => {
    expect(shapeOf(rule).kind).toBe('custom')
  })

  it('test_start__from_rate_to_threshold__keeps_the_rate', () => {
    expect(startOf('threshold', { kind: 'rate', rate: 3 })).toMatchObject({ rate: 3 })
  })
})

describe('burn shapes', () => {
  it('test_worth__written_and_read__the_same', () => {
    expect(burnShapeOf(burnRuleOf(100))).toEqual({ kind: 'worth', points: 100 })
  })

  it.each([[{ '/': [{ var: 'points_requested' }, 0] }], [{ '*': [{ var: 'points_requested' }, 0.01] }], [5]])('test_worth__another_rule__custom', (rule) => {
    expect(burnShapeOf(rule).kind).toBe('custom')
  })

  it('test_worth__no_rule__none', () => {
    expect(burnShapeOf(null)).toEqual({ kind: 'none' })
  })
})
