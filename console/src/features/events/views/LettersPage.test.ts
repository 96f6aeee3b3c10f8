import { flushPromises } from '@vue/test-utils'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'
import { mountApp } from '@/testing/mountApp'
import { useSession } from '@/shared/session/session'
import * as api from '../events.api'
import en from '../locales/en.json'
import LettersPage from './LettersPage.vue'

const letter = (id: number, key: string): api.Letter => ({ id, handler: 'points.on_customer_purchase', event_id: `e${id}`, type: 'customer.purchase', key, attempts: 8, last_error: 'LookupError: no such program', due_at: '2026-11-28T10:00:00Z' }) as api.Letter

async function show(permissions: string[]) {
  vi.spyOn(api, 'listLetters').mockResolvedValue({ count: 2, results: [letter(1, 'c1'), letter(2, 'c2')] } as unknown as Awaited<ReturnType<typeof api.listLetters>>)
  const wrapper = mountApp(LettersPage, {}, { events: en })
  useSession().user = { username: 'u', permissions } as never
  await nextTick()
  await flushPromises()
  return wrapper
}

describe('LettersPage', () => {
  afterEach(() => { vi.restoreAllMocks(); document.body.innerHTML = '' })

  it('test_all__one_refused__the_others_are_taken_in_again', async () => {
    const replay = vi.spyOn(api, 'replayLetter').mockImplementation((id) => (id === 1 ? Promise.reject(new Error('it is gone')) : Promise.resolve({})))
    const wrapper = await show(['events.view', 'events.replay'])
    await wrapper.findAll('button').find((one) => one.text().includes('2'))?.trigger('click')
    await flushPromises()
    expect(replay.mock.calls).toEqual([[1], [2]])
    wrapper.unmount()
  })

  it('test_one__its_own_button__by_its_number', async () => {
    const replay = vi.spyOn(api, 'replayLetter').mockResolvedValue({})
    const wrapper = await show(['events.view', 'events.replay'])
    await wrapper.findAll('tbody tr')[1]?.findAll('button').at(-1)?.trigger('click')
    await flushPromises()
    expect(replay.mock.calls).toEqual([[2]])
    wrapper.unmount()
  })

  it('test_without_the_right__seen_and_not_taken_in_again', async () => {
    const replay = vi.spyOn(api, 'replayLetter').mockResolvedValue({})
    const wrapper = await show(['events.view'])
    await wrapper.findAll('tbody tr')[0]?.findAll('button').at(-1)?.trigger('click')
    expect(wrapper.text()).toContain('LookupError')
    expect(replay).not.toHaveBeenCalled()
    wrapper.unmount()
  })
})
