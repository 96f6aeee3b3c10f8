import { flushPromises, type VueWrapper } from '@vue/test-utils'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Component } from 'vue'
import { mountApp } from '@/testing/mountApp'
import { blankCampaign, EXCLUSIONS, type CampaignDraft, type Estimate, type Excluded, type Kinds } from '../campaigns.api'
import en from '../locales/en.json'
import ChannelsStep from './ChannelsStep.vue'
import ContentStep from './ContentStep.vue'
import LimitsStep from './LimitsStep.vue'
import OfferStep from './OfferStep.vue'
import ReachPanel from './ReachPanel.vue'
import ReviewStep from './ReviewStep.vue'
import StepList from './StepList.vue'
import { problemsOf } from './steps'
import TimingStep from './TimingStep.vue'

vi.mock('@/features/segments', () => ({ listSegments: async () => ({ results: [{ id: 's1', name: 'Friends' }] }) }))
const KINDS = { events: [], measures: [], operators: [], goals: [], channels: [{ code: 'email', is_available: true }, { code: 'sms', is_available: true }, { code: 'push', is_available: false }], variables: { customer: [], campaign: [], program: [], offer: [], event_prefix: 'event_' } } as Kinds
const NONE = Object.fromEntries(EXCLUSIONS.map((reason) => [reason, 0])) as unknown as Excluded
const SEEN: Estimate = { audience: 7, total: 10, is_estimated: false, excluded: { ...NONE, no_consent: 3 }, channels: { email: 4, sms: 3 }, prices: { email: '0', sms: '0.1' }, currency: 'USD', next_runs: ['2026-12-01T09:00:00Z'], trigger_problem: '' }

function show(component: Component, draft: Partial<CampaignDraft>, more: Record<string, unknown> = {}) {
  const edits: Partial<CampaignDraft>[] = []
  const went: string[] = []
  const wrapper = mountApp(component, { draft: { ...blankCampaign(), ...draft }, kinds: KINDS, errorOf: () => undefined, onEdit: (part: Partial<CampaignDraft>) => edits.push(part), onGo: (step: string) => went.push(step), ...more }, { campaigns: en })
  return { wrapper, edits, went }
}
const press = (wrapper: VueWrapper, name: string) => wrapper.findAll('button').find((one) => one.text() === name || one.attributes('aria-label') === name)?.trigger('click')

describe('steps of the builder', () => {
  afterEach(() => { document.body.innerHTML = '' })

  it('test_channels__added_raised_and_dropped__content_goes_with_them', async () => {
    const { wrapper, edits } = show(ChannelsStep, {})
    await press(wrapper, 'SMS')
    expect(edits.at(-1)).toEqual({ channels: ['email', 'sms'], content: { email: { subject: '', body: '' }, sms: { body: '' } } })
    expect(wrapper.findAll('button').find((one) => one.text() === 'Push')?.attributes('disabled')).toBeDefined()
    wrapper.unmount()
    const two = show(ChannelsStep, { channels: ['email', 'sms'], content: { email: {}, sms: { body: 'x' } }, fallback: { when: 'unreachable' }, variants: [{ code: 'a', weight: 1, content: { sms: { body: 'y' } } }] })
    await press(two.wrapper, 'Move SMS up')
    expect(two.edits.at(-1)).toEqual({ channels: ['sms', 'email'] })
    await press(two.wrapper, 'Remove SMS')
    expect(two.edits.at(-1)).toEqual({ channels: ['email'], content: { email: {} }, variants: [{ code: 'a', weight: 1, content: {} }], fallback: null })
    two.wrapper.unmount()
  })

  it('test_offers__added_and_raised__each_with_a_code_of_its_own', async () => {
    const { wrapper, edits } = show(OfferStep, { offers: [{ code: 'offer_1', title: 'One' }, { code: 'offer_2', title: 'Two' }] })
    await flushPromises()
    await press(wrapper, 'Add an offer')
    expect(edits.at(-1)?.offers?.map((one) => one.code)).toEqual(['offer_1', 'offer_2', 'offer_3'])
    await press(wrapper, 'Move Two up')
    expect(edits.at(-1)?.offers?.map((one) => one.code)).toEqual(['offer_2', 'offer_1'])
    wrapper.unmount()
  })

  it('test_content__first_variant__makes_two_that_share_the_audience', async () => {
    const { wrapper, edits } = show(ContentStep, { channels: ['sms'], content: { sms: { body: 'Hello' } } })
    await press(wrapper, 'Add a variant')
    expect(edits.at(-1)).toEqual({ variants: [{ code: 'v1', weight: 50 }, { code: 'v2', weight: 50 }] })
    expect(wrapper.text()).toContain('5 characters, one segment')
    wrapper.unmount()
  })

  it('test_timing__schedule__next_runs_or_what_is_wrong', () => {
    const trigger = { kind: 'schedule', cron: '0 9 * * 1', timezone: 'UTC' } as const
    const { wrapper } = show(TimingStep, { trigger }, { estimate: SEEN })
    expect(wrapper.findAll('time').map((one) => one.attributes('datetime'))).toEqual(SEEN.next_runs)
    wrapper.unmount()
    const wrong = show(TimingStep, { trigger }, { estimate: { ...SEEN, next_runs: [], trigger_problem: 'No such cron line' } })
    expect(wrong.wrapper.text()).toContain('No such cron line')
    wrong.wrapper.unmount()
  })

  it('test_limits__read_only__nothing_can_be_changed', () => {
    const { wrapper } = show(LimitsStep, { budget_amount: '50.00' }, { isReadOnly: true })
    expect(wrapper.findAll('input').every((one) => one.attributes('disabled') !== undefined)).toBe(true)
    wrapper.unmount()
  })

  it('test_review__what_is_missing__leads_to_its_step', async () => {
    const draft = { ...blankCampaign(), name: '' }
    const { wrapper, went } = show(ReviewStep, draft, { problems: problemsOf(draft), refusals: [{ step: 'timing', text: 'The server says no' }] })
    const first = wrapper.findAll('li button')[0]
    expect(first?.text()).toBe('Timing: The server says no')
    await first?.trigger('click')
    await press(wrapper, `${en.step.goal}: ${en.todo.name}`)
    expect(went).toEqual(['timing', 'goal'])
    wrapper.unmount()
  })

  it('test_step_list__one_open__said_and_led_to', async () => {
    const went: string[] = []
    const wrapper = mountApp(StepList, { current: 'goal', open: new Set(['content']), onGo: (step: string) => went.push(step) }, { campaigns: en })
    expect(wrapper.find('[aria-current=step]').text()).toContain(en.step.goal)
    const content = wrapper.findAll('button')[3]
    expect(content?.text()).toContain(en.stepOpen)
    await content?.trigger('click')
    expect(went).toEqual(['content'])
    wrapper.unmount()
  })

  it('test_reach__of_a_draft__count_channels_reasons_and_cost', () => {
    const { wrapper } = show(ReachPanel, {}, { estimate: { ...SEEN, excluded: { ...NONE, no_consent: 2, budget: 1 } }, error: null, isFetching: false, sms: 'x'.repeat(200), budget: '0.5' })
    const text = wrapper.text()
    expect(text).toContain(en.reasons.no_consent)
    // Three texts of two segments at 0.1 each.
    expect(text).toContain('$0.60')
    expect(text).toContain(en.overBudget)
    expect(text).not.toContain(en.estimated)
    wrapper.unmount()
  })
})
