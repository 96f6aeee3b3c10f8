import { describe, expect, it } from 'vitest'
import { blankRule } from '../document/blank'
import type { EarnRule } from '../document/types'
import { copiedRule, movedRule, ofKind, renamedRule, TEMPLATES, withRule } from './earnList'

const rule = (code: string, kind: EarnRule['kind']): EarnRule => ({ ...blankRule(), code, name: code, kind })
const RULES = [rule('a', 'base'), rule('x', 'bonus'), rule('b', 'base'), rule('c', 'base')]

describe('earn rules', () => {
  it('test_moved__within_its_kind__the_other_kind_stays_and_priorities_follow', () => {
    const moved = movedRule(RULES, 'base', 2, 0)
    expect(moved.map((one) => [one.code, one.priority])).toEqual([['c', 1], ['x', 2], ['a', 3], ['b', 4]])
  })

  it('test_moved__beyond_the_end__nothing_changes', () => {
    expect(movedRule(RULES, 'base', 2, 3).map((one) => one.code)).toEqual(['a', 'x', 'b', 'c'])
  })

  it('test_with_rule__first_base_rule__is_the_one_of_the_short_form', () => {
    expect(withRule([], 'By amount', TEMPLATES.rate.part())[0]).toMatchObject({ code: 'base', name: 'By amount', kind: 'base' })
  })

  it('test_with_rule__name_taken__code_with_a_number', () => {
    const once = withRule(RULES, 'Weekend bonus', TEMPLATES.weekend.part())
    expect(withRule(once, 'Weekend bonus', TEMPLATES.weekend.part()).slice(-2).map((one) => one.code)).toEqual(['weekend_bonus', 'weekend_bonus_2'])
  })

  it('test_copied__beside_the_first__own_code', () => {
    expect(copiedRule(RULES, 0, 'a again').map((one) => one.code)).toEqual(['a', 'a_2', 'x', 'b', 'c'])
  })

  it('test_renamed__saved_rule__code_stays', () => {
    const fresh = withRule(RULES, 'Happy hour', TEMPLATES.evening.part()).at(-1) ?? blankRule()
    expect(renamedRule(fresh, 'Late evening', false, ['a'])).toEqual({ name: 'Late evening', code: 'late_evening' })
    expect(renamedRule(fresh, 'Late evening', true, ['a'])).toEqual({ name: 'Late evening' })
  })

  it('test_of_kind__placed__positions_of_the_document', () => {
    expect(ofKind(RULES, 'base').map((placed) => placed.position)).toEqual([0, 2, 3])
  })
})
