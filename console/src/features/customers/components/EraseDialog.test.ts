import { flushPromises } from '@vue/test-utils'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { h, nextTick, reactive } from 'vue'
import { mountApp } from '@/testing/mountApp'
import * as api from '../customers.api'
import en from '../locales/en.json'
import EraseDialog from './EraseDialog.vue'

async function open() {
  const send = vi.spyOn(api, 'eraseCustomer').mockResolvedValue({ customer_id: 'c1', erased_at: '2026-11-20T12:00:00Z', stores: { 'customers.profile': 1, 'delivery.sends': 4 } })
  const state = reactive({ open: false, erased: 0 })
  const wrapper = mountApp({ render: () => h(EraseDialog, { customerId: 'c1', reference: 'XV-7', customerName: 'Ada', open: state.open, 'onUpdate:open': (value: boolean) => (state.open = value), onErased: () => (state.erased += 1) }) }, {}, { customers: en })
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
  return { wrapper, send, state, dialog, button, type }
}

describe('EraseDialog', () => {
  afterEach(() => { vi.restoreAllMocks(); document.body.innerHTML = '' })

  it('test_reference_and_reason__both_are_needed_before_the_button_wakes', async () => {
    const { button, type, send, state, dialog, wrapper } = await open()
    expect(dialog().textContent).toContain(en.erase.text)
    expect(button().disabled).toBe(true)
    await type(0, 'asked for it')
    await type(1, 'XV-8')
    expect(button().disabled).toBe(true)
    await type(1, 'XV-7')
    expect(button().disabled).toBe(false)
    button().click()
    await flushPromises()
    expect(send.mock.calls).toEqual([['c1', 'XV-7', 'asked for it']])
    expect(state).toEqual({ open: false, erased: 1 })
    wrapper.unmount()
  })
})
