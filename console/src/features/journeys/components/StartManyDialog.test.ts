import { flushPromises } from '@vue/test-utils'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { h, nextTick, reactive } from 'vue'
import { ProblemError } from '@/shared/http/problems'
import * as runs from '@/shared/jobs/runs'
import { mountApp } from '@/testing/mountApp'
import * as api from '../journeys.api'
import en from '../locales/en.json'
import StartManyDialog from './StartManyDialog.vue'

const JOURNEY = { id: 'j1', name: 'Welcome' } as api.Journey
const answer = (dry_run: boolean, entered: number): api.ManyStarted => ({
  dry_run, complete: true, named: entered + 1, outcomes: [{ code: 'entered', people: entered }, { code: 'customer_unknown', people: 1 }], unknown: [{ line: 2, value: 'nobody' }], run: null,
})

async function open(entered: number) {
  localStorage.clear()
  const start = vi.spyOn(api, 'startMany').mockImplementation(async (_id, _people, { dry_run }) => answer(dry_run, entered))
  const state = reactive({ open: true })
  const onStarted = vi.fn()
  const wrapper = mountApp({ render: () => h(StartManyDialog, { journey: JOURNEY, open: state.open, onStarted, 'onUpdate:open': (value: boolean) => (state.open = value) }) }, {}, { journeys: en })
  await settle()
  const dialog = (): HTMLElement => document.body.querySelector('[role=dialog]') as HTMLElement
  const button = (): HTMLButtonElement => [...dialog().querySelectorAll('button')].at(-1) as HTMLButtonElement
  const type = async (label: string, text: string): Promise<void> => {
    const field = [...dialog().querySelectorAll('label')].find((one) => one.textContent?.includes(label))
    const input = document.getElementById(field?.getAttribute('for') ?? '') as HTMLInputElement
    input.value = text
    input.dispatchEvent(new Event('input'))
    await settle()
  }
  const press = async (): Promise<void> => { button().click(); await settle() }
  return { wrapper, start, state, onStarted, dialog, button, type, press }
}
async function settle(): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) {
    await nextTick()
    await flushPromises()
  }
}

describe('StartManyDialog', () => {
  afterEach(() => { vi.restoreAllMocks(); document.body.innerHTML = '' })

  it('test_list__counted_first__then_done_once_with_the_reason', async () => {
    const { wrapper, start, state, onStarted, dialog, button, type, press } = await open(2)
    expect(button().disabled).toBe(true)
    await type('Customers', ' CUST-1, CUST-2\n\nnobody\t')
    expect(dialog().textContent).toContain('3 names')
    expect(button().textContent).toContain('Count them first')
    await press()
    expect(start.mock.calls[0]?.slice(0, 3)).toEqual(['j1', { customers: ['CUST-1', 'CUST-2', 'nobody'] }, { reason: '', dry_run: true }])
    expect(dialog().querySelector('dl')?.textContent).toBe('Come in2Lead to no customer1')
    expect(dialog().querySelector('details')?.textContent).toContain('nobody')
    // Counted, and yet nobody is led in without a reason.
    expect(button().textContent).toContain('Start for 2 customers')
    expect(button().disabled).toBe(true)
    await type('Reason', 'They asked')
    await press()
    expect(start.mock.calls[1]?.[2]).toEqual({ reason: 'They asked', dry_run: false })
    expect(start.mock.calls[1]?.[3]).toMatch(/^console-/)
    expect(onStarted).toHaveBeenCalledOnce()
    expect(state.open).toBe(false)
    wrapper.unmount()
  })

  it('test_list__changed_after_counting__counted_anew_under_another_key', async () => {
    const { wrapper, start, dialog, button, type, press } = await open(1)
    await type('Customers', 'CUST-1')
    await type('Reason', 'They asked')
    await press()
    await type('Customers', 'CUST-2')
    expect(dialog().querySelector('dl')).toBeNull()
    expect(button().textContent).toContain('Count them first')
    await press()
    expect(start.mock.calls.map(([, , told]) => told.dry_run)).toEqual([true, true])
    expect(start.mock.calls[0]?.[3]).not.toBe(start.mock.calls[1]?.[3])
    wrapper.unmount()
  })

  it('test_many__figure_typed_first__and_nobody_when_nobody_comes', async () => {
    const { wrapper, start, button, type, press } = await open(101)
    await type('Customers', 'CUST-1')
    await type('Reason', 'They asked')
    await press()
    expect(button().disabled).toBe(true)
    await type('101', '101')
    expect(button().disabled).toBe(false)
    start.mockImplementation(async (_id, _people, { dry_run }) => ({ ...answer(dry_run, 0), outcomes: [] }))
    await type('Customers', 'nobody')
    await press()
    expect(button().disabled).toBe(true)
    wrapper.unmount()
  })

  it('test_run__large_set__followed_to_what_it_came_to', async () => {
    const { wrapper, start, dialog, type, press } = await open(1)
    start.mockResolvedValue({ ...answer(true, 0), complete: false, outcomes: [], run: { id: 'r1' } })
    const result = { dry_run: true, named: 60_001, outcomes: [{ code: 'entered', people: 60_000 }] }
    vi.spyOn(runs, 'getRun').mockResolvedValue({ id: 'r1', kind: '', status: 'SUCCEEDED', phase: '', done: 1, total: 1, result, error: null, started_at: null, finished_at: null } as runs.Run)
    await type('Customers', 'CUST-1')
    await press()
    await vi.waitFor(() => expect(dialog().querySelector('dl')?.textContent).toBe('Come in60,000'), { timeout: 3_000 })
    expect(dialog().querySelector('details')?.textContent).toContain('nobody')
    wrapper.unmount()
  })

  it('test_refused__told_in_the_dialog__and_pressed_again_by_the_same_key', async () => {
    const { wrapper, start, dialog, type, press } = await open(1)
    await type('Customers', 'CUST-1')
    await type('Reason', 'They asked')
    await press()
    start.mockRejectedValueOnce(new ProblemError({ status: 409, code: 'journeys.state_wrong', detail: 'The journey does not run.' }))
    await press()
    expect(dialog().querySelector('[role=alert]')?.textContent).toContain('The journey does not run.')
    await press()
    expect(start.mock.calls[1]?.[3]).toBe(start.mock.calls[2]?.[3])
    wrapper.unmount()
  })
})
