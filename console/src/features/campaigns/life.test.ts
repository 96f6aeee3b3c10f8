import { describe, expect, it } from 'vitest'
import { ACTS, canAct, nameOfActivation } from './life'

describe('life', () => {
  it.each([['DRAFT', ['submit', 'activate']], ['REVIEW', ['send-back', 'activate']], ['ACTIVE', ['pause', 'end']], ['PAUSED', ['activate', 'end']], ['ENDED', []]] as const)('test_acts__%s__only_what_the_server_takes', (status, acts) => {
    expect(ACTS.filter((act) => canAct(act, status))).toEqual(acts)
  })

  it('test_name__by_status_and_start__resume_approve_schedule', () => {
    const now = new Date('2026-11-28T12:00:00Z')
    const starts_at = '2026-12-01T00:00:00Z'
    expect([nameOfActivation({ status: 'PAUSED', starts_at }, now), nameOfActivation({ status: 'REVIEW', starts_at }, now), nameOfActivation({ status: 'DRAFT', starts_at }, now), nameOfActivation({ status: 'DRAFT', starts_at: null }, now)]).toEqual(['resume', 'approve', 'schedule', 'activate'])
  })
})
