import { describe, expect, it } from 'vitest'
import type { Json } from '@/shared/RuleEditor'
import { partsOf, ruleOfParts } from './conditions'

const RATE = { '*': [{ var: 'transaction_amount' }, 2] }
const ON_APP = { '==': [{ var: 'channel' }, 'app'] }

describe('conditions of a rule', () => {
  it.each([[null], [5], [RATE], [{ if: [ON_APP, RATE, 0] }], [{ if: [{ and: [ON_APP, { '>': [{ var: 'quantity' }, 1] }] }, 50, 0] }], [{ if: [ON_APP, RATE, 1] }], [{ '+': [RATE, 5] }]])('test_parts__taken_apart_and_joined__the_same: %j', (rule: Json) => {
    expect(ruleOfParts(partsOf(rule))).toEqual(rule)
  })

  it('test_parts__under_a_condition__condition_and_what_it_gives', () => {
    expect(partsOf({ if: [ON_APP, RATE, 0] })).toEqual({ condition: ON_APP, gives: RATE })
  })

  it('test_parts__a_shape_the_form_knows__left_whole', () => {
    const threshold: Json = { if: [{ '>': [{ var: 'transaction_amount' }, 100] }, { '*': [{ var: 'transaction_amount' }, 0.1] }, 0] }
    expect(partsOf(threshold)).toEqual({ condition: null, gives: threshold })
  })

  it('test_parts__otherwise_something__left_whole', () => {
    expect(partsOf({ if: [ON_APP, RATE, 1] }).condition).toBeNull()
  })

  it('test_join__gives_nothing__nothing', () => {
    expect(ruleOfParts({ condition: ON_APP, gives: null })).toBeNull()
  })
})
