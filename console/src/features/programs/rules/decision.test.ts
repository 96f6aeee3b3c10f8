import { describe, expect, it } from 'vitest'
import { decisionOf } from './decision'

const EARN = {
  program_version: 3, steps: [{ rule: { var: 'a' }, words: 'a', facts: { a: 1 }, value: 1, decisive: true }],
  base_points: '18.7', tier: { code: 'SILVER', name: 'Silver' }, multiplier: '1.25', bonuses: [{ code: 'x', points: '5', words: 'Double weekend' }],
  exact_points: '28.375', rounding: 'down', points_before_caps: 28, cap_daily: 20, reason: '',
}

describe('decisionOf', () => {
  it('test_decision__whole_earn__lines_in_the_order_of_the_computation', () => {
    const decision = decisionOf(EARN, 8)
    expect(decision.lines.map((line) => line.kind)).toEqual(['base', 'tier', 'bonus', 'rounded', 'capped'])
    expect(decision.version).toBe(3)
    expect(decision.steps).toHaveLength(1)
  })

  it('test_decision__nothing_lost_and_whole_number__no_line_on_cap_or_rounding', () => {
    expect(decisionOf({ ...EARN, bonuses: [], exact_points: '28', points_before_caps: 28 }).lines.map((line) => line.kind)).toEqual(['base', 'tier'])
  })

  it('test_decision__nothing_earned__says_the_reason', () => {
    expect(decisionOf({ reason: 'rule_gives_nothing' }).lines).toEqual([{ kind: 'reason', code: 'rule_gives_nothing' }])
  })

  it('test_decision__redemption__says_the_value', () => {
    expect(decisionOf({ value: { amount: '2.00', currency: 'USD' } }).lines).toEqual([{ kind: 'value', amount: '2.00', currency: 'USD' }])
  })

  it('test_decision__no_trace__empty', () => {
    expect(decisionOf(null)).toEqual({ version: null, lines: [], steps: [] })
  })
})
