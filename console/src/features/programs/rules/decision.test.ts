import { describe, expect, it } from 'vitest'
import { decisionOf } from './decision'

const OLD = {
  program_version: 3, steps: [{ rule: { var: 'a' }, words: 'a', facts: { a: 1 }, value: 1, decisive: true }],
  base_points: '18.7', tier: { code: 'SILVER', name: 'Silver' }, multiplier: '1.25', bonuses: [{ code: 'x', points: '5', words: 'Double weekend' }],
  exact_points: '28.375', rounding: 'down', points_before_caps: 28, cap_daily: 20, reason: '',
}

const NEW = {
  program_version: 4, wallet: 'main', facts: { currency: 'USD', channel: 'app' }, stacking: 'best',
  base: { amount: '150', deductions: [{ code: 'tax', amount: '19' }], eligible_amount: '131', lines: [{ line_id: '1', amount: '150', eligible_amount: '131', reason: '', points: 20 }] },
  rules: [
    { code: 'base', name: 'By amount', kind: 'base', is_matched: true, is_counted: false, reason: 'other_rule_counts', points: '10', multiplier: '1.25', steps: [] },
    { code: 'data', name: 'Data', kind: 'base', is_matched: true, is_counted: true, reason: '', points: '13.1', multiplier: '1.25', steps: [{ words: 'a', facts: {}, value: true, decisive: true }] },
    { code: 'weekend', name: 'Weekend', kind: 'bonus', is_matched: true, is_counted: true, reason: '', points: '5', multiplier: '1', steps: [] },
    { code: 'evening', name: 'Evening', kind: 'bonus', is_matched: false, is_counted: false, reason: 'other_hour', points: null, multiplier: '1', steps: [] },
  ],
  base_points: '13.1', tier: { code: 'SILVER', name: 'Silver' }, multiplier: '1.25', bonuses: [{ code: 'weekend', points: '5', words: 'Weekend' }, { code: 'promo', points: '2', words: 'Autumn' }],
  exact_points: '23.375', rounding: 'down', points_before_caps: 23, reason: '',
  caps: [{ code: 'daily', period: 'day', scope: 'member', asked: 23, granted: 20 }, { code: 'month', period: 'month', scope: 'member', asked: 20, granted: 20 }],
  expiry: { kind: 'age', expires_at: '2027-11-28T00:00:00Z', spendable_until: '2027-12-28T00:00:00Z' }, activation: { kind: 'after_days', activates_at: '2026-12-12T00:00:00Z' },
}

const kinds = (trace: unknown, lost = 0): string[] => decisionOf(trace, lost).stages.map((stage) => stage.kind)

describe('decisionOf', () => {
  it('test_decision__whole_earn__stages_in_the_order_of_the_computation', () => {
    expect(kinds(NEW, 3)).toEqual(['counts', 'rules', 'bonus', 'rounded', 'cap'])
  })

  it('test_decision__rules__counted_outdone_and_missed_with_what_they_give', () => {
    const stage = decisionOf(NEW).stages[1]
    const rules = stage?.kind === 'rules' ? stage.rules : []
    expect(rules.map((rule) => [rule.code, rule.state, rule.total])).toEqual([['base', 'outdone', '12.5'], ['data', 'counted', '16.375'], ['weekend', 'counted', '5'], ['evening', 'missed', null]])
    expect(rules[1]?.steps).toHaveLength(1)
  })

  it('test_decision__bonus_of_a_rule__not_told_twice', () => {
    expect(decisionOf(NEW).stages.filter((stage) => stage.kind === 'bonus')).toEqual([{ kind: 'bonus', words: 'Autumn', value: '2' }])
  })

  it('test_decision__cap_that_cut_nothing__no_stage', () => {
    expect(decisionOf(NEW).stages.filter((stage) => stage.kind === 'cap')).toMatchObject([{ code: 'daily', asked: 23, granted: 20 }])
  })

  it('test_decision__expiry_and_activation__told', () => {
    expect(decisionOf(NEW)).toMatchObject({ expiresAt: '2027-11-28T00:00:00Z', spendableUntil: '2027-12-28T00:00:00Z', waits: { until: '2026-12-12T00:00:00Z' }, currency: 'USD' })
  })

  it('test_decision__rule_that_gives_nothing__missed_without_a_figure', () => {
    const stage = decisionOf({ ...NEW, rules: [{ code: 'a', kind: 'base', is_matched: true, is_counted: false, reason: 'gives_nothing', points: '0', multiplier: '1' }] }).stages[1]
    expect(stage).toMatchObject({ kind: 'rules', tier: 'Silver', rules: [{ state: 'missed', total: null }] })
  })

  it('test_decision__bonus_between_the_rules__told_after_them', () => {
    const stage = decisionOf({ ...NEW, rules: [NEW.rules[2], NEW.rules[0]] }).stages[1]
    expect(stage?.kind === 'rules' ? stage.rules.map((rule) => rule.code) : []).toEqual(['base', 'weekend'])
  })

  it('test_decision__trace_of_an_earlier_time__still_read', () => {
    const decision = decisionOf(OLD, 8)
    expect(decision.stages.map((stage) => stage.kind)).toEqual(['base', 'tier', 'bonus', 'rounded', 'capped'])
    expect(decision.version).toBe(3)
    expect(decision.steps).toHaveLength(1)
  })

  it('test_decision__nothing_lost_and_whole_number__no_stage_on_cap_or_rounding', () => {
    expect(kinds({ ...OLD, bonuses: [], exact_points: '28', points_before_caps: 28 })).toEqual(['base', 'tier'])
  })

  it('test_decision__nothing_earned__says_the_reason', () => {
    expect(decisionOf({ reason: 'rule_gives_nothing' }).stages).toEqual([{ kind: 'reason', code: 'rule_gives_nothing' }])
  })

  it('test_decision__redemption__says_the_value', () => {
    expect(decisionOf({ value: { amount: '2.00', currency: 'USD' } }).stages).toEqual([{ kind: 'value', amount: '2.00', currency: 'USD' }])
  })

  it('test_decision__no_trace__empty', () => {
    expect(decisionOf(null)).toMatchObject({ version: null, stages: [], steps: [] })
  })
})
