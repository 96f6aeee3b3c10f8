import { flushPromises } from '@vue/test-utils'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { nextTick, reactive, h } from 'vue'
import { mountApp } from '@/testing/mountApp'
import * as api from '../campaigns.api'
import en from '../locales/en.json'
import TriggerNowDialog from './TriggerNowDialog.vue'

const CAMPAIGN = { ...api.blankCampaign(), id: 'c1', name: 'News', status: 'ACTIVE', content: { email: { subject: 'S', body: 'B' } } } as unknown as api.Campaign
const NOBODY = Object.fromEntries(api.EXCLUSIONS.map((reason) => [reason, 0])) as unknown as api.Excluded
const SEEN: api.Estimate = { audience: 2, total: 5, is_estimated: false, excluded: { ...NOBODY, no_consent: 2, budget: 1 }, channels: { email: 2 }, prices: { email: '0.5' }, currency: 'USD', next_runs: [], trigger_problem: '' }
const ANSWER: api.TriggerAnswer = { run: { id: 'r1' }, occurrence: 'o', audience: 2, excluded: NOBODY }

async function open(seen: api.Estimate) {
  vi.spyOn(api, 'estimateDraft').mockResolvedValue(seen)
  const send = vi.spyOn(api, 'triggerCampaign').mockResolvedValue(ANSWER)
  const state = reactive({ open: false })
  const told: api.TriggerAnswer[] = []
  const wrapper = mountApp({ render: () => h(TriggerNowDialog, { campaign: CAMPAIGN, open: state.open, 'onUpdate:open': (value: boolean) => (state.open = value), onTriggered: (answer: api.TriggerAnswer) => told.push(answer) }) }, {}, { campaigns: en })
  state.open = true
  await nextTick()
  await flushPromises()
  const dialog = (): HTMLElement => document.body.querySelector('[role=dialog]') as HTMLElement
  const button = (): HTMLButtonElement => [...dialog().querySelectorAll('button')].at(-1) as HTMLButtonElement
  return { wrapper, send, told, dialog, button, state }
}

describe('TriggerNowDialog', () => {
  afterEach(() => { vi.restoreAllMocks(); document.body.innerHTML = '' })

  it('test_opened__count_reasons_and_cost_before_the_button', async () => {
    const { dialog, button, send, told, wrapper } = await open(SEEN)
    expect(dialog().textContent).toContain(en.reasons.budget)
    expect(dialog().textContent).toContain('$1.00')
    button().click()
    await flushPromises()
    expect(send.mock.calls[0]?.[2]).toBe(5)
    expect(told).toEqual([ANSWER])
    wrapper.unmount()
  })

  it('test_many__figure_must_be_typed_and_the_sample_has_room', async () => {
    const { dialog, button, send, wrapper } = await open({ ...SEEN, audience: 400_000, total: 1_000_000, is_estimated: true, channels: { email: 400_000 } })
    expect(dialog().textContent).toContain(en.about)
    expect(button().disabled).toBe(true)
    const input = dialog().querySelector('input') as HTMLInputElement
    input.value = '400000'
    input.dispatchEvent(new Event('input'))
    await flushPromises()
    button().click()
    await flushPromises()
    expect(send.mock.calls[0]?.[2]).toBe(1_050_000)
    wrapper.unmount()
  })

  it('test_nobody__says_so_and_sends_nothing', async () => {
    const { dialog, button, wrapper } = await open({ ...SEEN, audience: 0, channels: { email: 0 } })
    expect(dialog().textContent).toContain(en.nobody)
    expect(button().disabled).toBe(true)
    wrapper.unmount()
  })
})
