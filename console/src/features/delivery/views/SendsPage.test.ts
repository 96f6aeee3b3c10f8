import { flushPromises } from '@vue/test-utils'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'
import { mountApp } from '@/testing/mountApp'
import { useSession } from '@/shared/session/session'
import * as api from '../templates.api'
import en from '../locales/en.json'
import SendsPage from './SendsPage.vue'

const ROW = { id: 's1', channel: 'email', state: 'FAILED', reason: 'email.refused', detail: '554 no', address: 'a***@x.test', attempts: 1, next_try_at: null, occurrence: 'o', queued_at: '2026-11-28T10:00:00Z', ended_at: '2026-11-28T10:00:00Z' } as unknown as api.Send

async function show(address: string, row = ROW) {
  vi.spyOn(api, 'listSends').mockResolvedValue({ count: 1, results: [row] } as unknown as Awaited<ReturnType<typeof api.listSends>>)
  const retry = vi.spyOn(api, 'retryAll').mockResolvedValue({ messages: 3 })
  const wrapper = mountApp(SendsPage, {}, { delivery: en })
  await wrapper.vm.$router.push(address)
  useSession().user = { username: 'u', permissions: ['delivery.view', 'delivery.retry'] } as never
  await nextTick()
  await flushPromises()
  return { wrapper, retry }
}
const press = (root: ParentNode, label: string): void => [...root.querySelectorAll('button')].filter((one) => one.textContent?.trim() === label).at(-1)?.click()

describe('SendsPage', () => {
  afterEach(() => { vi.restoreAllMocks(); document.body.innerHTML = '' })

  it('test_failed__of_a_channel__asked_first_and_told_to_the_server', async () => {
    const { wrapper, retry } = await show('/delivery/sends?list=failed&channel=email')
    press(document.body, en.sends.retryAll)
    await flushPromises()
    expect(retry).not.toHaveBeenCalled()
    const dialog = document.body.querySelector('[role=dialog]') as HTMLElement
    expect(dialog.textContent).toContain(en.sends.retryFailedText)
    press(dialog, en.sends.retryAll)
    await flushPromises()
    expect(retry).toHaveBeenCalledWith('email', true)
    wrapper.unmount()
  })

  it('test_retried__of_a_channel__at_once_and_without_what_failed', async () => {
    const { wrapper, retry } = await show('/delivery/sends?list=retried&channel=sms')
    press(document.body, en.sends.retryAll)
    await flushPromises()
    expect(retry).toHaveBeenCalledWith('sms', false)
    wrapper.unmount()
  })

  it('test_unknown__provider_said_nothing__reason_in_words', async () => {
    const { wrapper } = await show('/delivery/sends?list=unknown', { ...ROW, state: 'UNKNOWN', detail: '', reason: 'send.outcome_unknown' })
    expect(wrapper.text()).toContain(en.sends.because.send.outcome_unknown)
    expect(wrapper.text()).not.toContain('send.outcome_unknown')
    wrapper.unmount()
  })

  it('test_unknown__nothing_is_sent_again', async () => {
    const { wrapper } = await show('/delivery/sends?list=unknown&channel=email')
    expect(wrapper.text()).not.toContain(en.sends.retryAll)
    wrapper.unmount()
  })
})
