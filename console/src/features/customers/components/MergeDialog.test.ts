import { flushPromises } from '@vue/test-utils'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { h, nextTick, reactive } from 'vue'
import { ProblemError } from '@/shared/http/problems'
import { mountApp } from '@/testing/mountApp'
import * as api from '../customers.api'
import en from '../locales/en.json'
import CustomerPicker from './CustomerPicker.vue'
import MergeDialog from './MergeDialog.vue'

async function open() {
  const send = vi.spyOn(api, 'mergeCustomer').mockResolvedValue({ customer_id: 'c1', into_id: 'c2', merged_at: '2026-11-20T12:00:00Z', stores: { 'points.accounts': 2, 'delivery.sends': 4 } })
  const state = reactive({ open: false, merged: '' })
  const wrapper = mountApp({ render: () => h(MergeDialog, { customerId: 'c1', reference: 'XV-7', customerName: 'Ada', open: state.open, 'onUpdate:open': (value: boolean) => (state.open = value), onMerged: (id: string) => (state.merged = id) }) }, {}, { customers: en })
  state.open = true
  await nextTick()
  await flushPromises()
  const dialog = (): HTMLElement => document.body.querySelector('[role=dialog]') as HTMLElement
  const button = (): HTMLButtonElement => [...dialog().querySelectorAll('button')].at(-1) as HTMLButtonElement
  const type = async (place: number, text: string): Promise<void> => {
    const input = dialog().querySelectorAll('input')[place] as HTMLInputElement
    input.value = text
    input.dispatchEvent(new Event('input'))
    await flushPromises()
  }
  const choose = async (id: string): Promise<void> => {
    wrapper.findComponent(CustomerPicker).vm.$emit('update:modelValue', { id, label: 'Ada L.' })
    await flushPromises()
  }
  return { wrapper, send, state, dialog, button, type, choose }
}

describe('MergeDialog', () => {
  afterEach(() => { vi.restoreAllMocks(); document.body.innerHTML = '' })

  it('test_merge__needs_another_customer_a_reason_and_the_reference', async () => {
    const { button, type, choose, send, state, dialog, wrapper } = await open()
    await type(0, 'one person')
    await type(1, 'XV-7')
    expect(button().disabled).toBe(true)
    await choose('c1')
    expect(button().disabled).toBe(true)
    expect(dialog().textContent).toContain(en.merge.same)
    await choose('c2')
    expect(button().disabled).toBe(false)
    button().click()
    await flushPromises()
    expect(send.mock.calls).toEqual([['c1', 'c2', 'XV-7', 'one person']])
    expect(state).toEqual({ open: false, merged: 'c2' })
    wrapper.unmount()
  })

  it('test_merge__waits_for_somebody_or_is_refused__is_told_and_goes_nowhere', async () => {
    const { button, type, choose, send, state, dialog, wrapper } = await open()
    send.mockRejectedValueOnce(new ProblemError({ status: 409, code: 'customer.merged_already' }))
    await type(0, 'one person')
    await type(1, 'XV-7')
    await choose('c2')
    button().click()
    await flushPromises()
    expect(dialog().querySelector('[role=alert]')).not.toBeNull()
    send.mockRejectedValueOnce(new ProblemError({ status: 202, code: 'approvals.waiting' }))
    button().click()
    await flushPromises()
    expect(state).toEqual({ open: false, merged: '' })
    wrapper.unmount()
  })
})
