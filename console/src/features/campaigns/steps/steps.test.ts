import { describe, expect, it } from 'vitest'
import { blankCampaign, type CampaignDraft } from '../campaigns.api'
import { freeCode, problemsOf, sharesOf, stepOf } from './steps'

const whole = (part: Partial<CampaignDraft> = {}): CampaignDraft => ({
  ...blankCampaign(), name: 'News', content: { email: { subject: 'Hello', body: 'There' } }, trigger: { kind: 'schedule', cron: '0 9 * * 1', timezone: 'UTC' }, ...part,
})
const fields = (part: Partial<CampaignDraft>): string[] => problemsOf(whole(part)).map((one) => one.field)

describe('steps', () => {
  it('test_problems__whole_draft__none', () => {
    expect(fields({})).toEqual([])
  })

  it('test_problems__blank_draft__name_text_and_time', () => {
    expect(problemsOf(blankCampaign()).map((one) => one.step)).toEqual(['goal', 'content', 'content', 'timing'])
  })

  it.each<[Partial<CampaignDraft>, string[]]>([
    [{ segments: ['a'], excluded_segments: ['a'] }, ['excluded_segments']],
    [{ fallback: { when: 'unreachable' } }, ['fallback']],
    [{ variants: [{ code: 'a', weight: 1 }, { code: 'a', weight: 1 }] }, ['variants.1.code']],
    [{ variants: [{ code: 'a', weight: 1, content: { email: { subject: '', body: 'x' } } }] }, ['variants.0.content.email']],
    [{ offers: [{ code: 'x', title: '' }] }, ['offers.0']],
    [{ trigger: { kind: 'threshold', measure: 'segment_size', operator: '>', value: 1 } }, ['segments']],
    [{ trigger: { kind: 'schedule', cron: '0 9 * * *', timezone: 'program' } }, ['program']],
  ])('test_problems__case_%#__leads_to_the_field', (part, expected) => {
    expect(fields(part)).toEqual(expected)
  })

  it('test_step_of__places_of_the_server__their_steps', () => {
    expect(['content.sms.body', 'variants.0.weight', 'trigger.cron', 'budget_amount', 'goal.window_hours'].map(stepOf)).toEqual(['content', 'content', 'timing', 'limits', 'goal'])
  })

  it('test_shares__weights__parts_of_the_whole', () => {
    expect([sharesOf([1, 3]), sharesOf([])]).toEqual([[0.25, 0.75], []])
  })

  it('test_free_code__taken__the_next', () => {
    expect([freeCode('v', []), freeCode('v', ['v2'])]).toEqual(['v1', 'v3'])
  })
})
