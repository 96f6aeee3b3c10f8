import { describe, expect, it } from 'vitest'
import { draftOf, isOverMidnight, isSamePolicy, spanOf } from './policy'

const policy = { caps: [{ sends_max: 2, hours: 24, channel: '' as const, purpose: 'marketing' as const }], quiet_hours: [{ starts: '21:00', ends: '09:00', channel: '' as const, purpose: 'marketing' as const }], holdout_percent: 5, time_zone: 'Asia/Beirut', version: 3 }

describe('draftOf', () => {
  it('test_draft__changed__leaves_the_stored_policy_as_it_was', () => {
    const draft = draftOf(policy)
    draft.caps[0] = { sends_max: 3, hours: 24, channel: '', purpose: 'marketing' }
    expect(policy.caps[0]?.sends_max).toBe(2)
    expect(isSamePolicy(draft, draftOf(policy))).toBe(false)
  })

  it('test_draft__changed_and_changed_back__is_the_same', () => {
    const draft = draftOf(policy)
    draft.holdout_percent = 6
    draft.holdout_percent = 5
    expect(isSamePolicy(draft, draftOf(policy))).toBe(true)
  })
})

describe('spanOf', () => {
  it.each([[24, 'days', 1], [168, 'days', 7], [36, 'hours', 36], [1, 'hours', 1]] as const)('test_span__%i_hours__said_as_people_do', (hours, unit, count) => {
    expect(spanOf(hours)).toEqual({ unit, count })
  })
})

describe('isOverMidnight', () => {
  it('test_over_midnight__ends_before_it_starts__yes', () => {
    expect(isOverMidnight({ starts: '21:00', ends: '09:00', channel: '', purpose: '' })).toBe(true)
    expect(isOverMidnight({ starts: '12:00', ends: '14:00', channel: '', purpose: '' })).toBe(false)
  })
})
