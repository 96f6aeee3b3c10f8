import USelectMenu from '@nuxt/ui/components/SelectMenu.vue'
import { flushPromises } from '@vue/test-utils'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { h, nextTick, reactive } from 'vue'
import { ProblemError } from '@/shared/http/problems'
import { mountApp } from '@/testing/mountApp'
import { emptyGraph, type JourneyNode, type NodeKind } from '../canvas/graph'
import * as api from '../journeys.api'
import en from '../locales/en.json'
import LeadPeopleDialog from './LeadPeopleDialog.vue'

const node = (id: string, kind: NodeKind): JourneyNode => ({ id, kind, name: `Step ${id}`, config: {}, position: { x: 0, y: 0 } })
const GRAPH = { ...emptyGraph(), nodes: [node('in', 'start'), node('wait', 'wait'), node('end', 'end')] }
const VERSION = { number: 2, published_at: '', published_by: '', comment: '', people: 3 }
const JOURNEY = { id: 'j1', name: 'Welcome', live_version: 2 } as api.Journey
const counted = (node_id: string, here_now: number): api.NodeFigures => ({ node_id, node_name: `Step ${node_id}`, here_now, entered: 9, left: {}, failed: 0, median_seconds: null })

async function open(count: number) {
  vi.spyOn(api, 'getAnalytics').mockResolvedValue({ nodes: [counted('in', 0), counted('wait', count)] } as api.Analytics)
  vi.spyOn(api, 'getVersion').mockResolvedValue({ ...VERSION, graph: GRAPH })
  const lead = vi.spyOn(api, 'leadPeople').mockImplementation(async (_id, { dry_run }) => ({ dry_run, people: count }))
  const state = reactive({ open: true })
  const wrapper = mountApp({ render: () => h(LeadPeopleDialog, { journey: JOURNEY, versions: [VERSION], node: 'wait', open: state.open, 'onUpdate:open': (value: boolean) => (state.open = value) }) }, {}, { journeys: en })
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
  const choose = async (place: number, value: string): Promise<void> => {
    wrapper.findAllComponents(USelectMenu)[place]?.vm.$emit('update:modelValue', value)
    await settle()
  }
  const exit = async (): Promise<void> => {
    ;(dialog().querySelector('[role=radio][value=exit]') as HTMLElement).click()
    await settle()
  }
  return { wrapper, lead, state, dialog, button, type, choose, exit }
}
async function settle(): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) {
    await nextTick()
    await flushPromises()
  }
}

describe('LeadPeopleDialog', () => {
  afterEach(() => { vi.restoreAllMocks(); document.body.innerHTML = '' })

  it('test_move__counted_first__then_done_with_the_reason', async () => {
    const { wrapper, lead, state, dialog, button, type, choose } = await open(3)
    expect(lead).not.toHaveBeenCalled()
    await choose(1, 'end')
    expect(dialog().textContent).toContain('3 people go on at Step end.')
    // Nothing but a rehearsal so far, and without a reason there is nothing else.
    expect(lead.mock.calls.map(([, body]) => body.dry_run)).toEqual([true])
    expect(button().disabled).toBe(true)
    await type(en.reason, 'The offer is over')
    expect(button().textContent).toContain('Move 3 people')
    button().click()
    await settle()
    expect(lead.mock.calls.at(-1)).toEqual(['j1', { node_id: 'wait', to: 'end', version: null, reason: 'The offer is over', dry_run: false }])
    expect(state.open).toBe(false)
    wrapper.unmount()
  })

  it('test_exit__many__the_figure_is_typed_first', async () => {
    const { wrapper, lead, dialog, button, type, exit } = await open(240)
    await exit()
    await type(en.reason, 'Closed')
    expect(dialog().textContent).toContain('240 people leave the journey.')
    expect(button().disabled).toBe(true)
    await type('240', '24')
    expect(button().disabled).toBe(true)
    await type('240', '240')
    expect(button().disabled).toBe(false)
    button().click()
    await settle()
    expect(lead.mock.calls.at(-1)?.[1]).toMatchObject({ to: null, dry_run: false })
    wrapper.unmount()
  })

  it('test_move__refused_in_the_rehearsal__said_and_nothing_to_confirm', async () => {
    const { wrapper, lead, dialog, button, type, choose } = await open(3)
    lead.mockRejectedValue(new ProblemError({ status: 404, code: 'journeys.node_not_found', detail: 'Nobody of version 1 can be led to end.' }))
    await choose(1, 'end')
    await type(en.reason, 'why')
    expect(dialog().querySelector('[role=alert]')?.textContent).toContain('Nobody of version 1 can be led to end.')
    expect(button().disabled).toBe(true)
    wrapper.unmount()
  })

  it('test_move__nobody_left_there__said_and_nothing_to_confirm', async () => {
    const { wrapper, lead, dialog, button, type, choose } = await open(3)
    lead.mockResolvedValue({ dry_run: true, people: 0 })
    await choose(1, 'end')
    await type(en.reason, 'why')
    expect(dialog().textContent).toContain('Nobody is there now.')
    expect(button().disabled).toBe(true)
    wrapper.unmount()
  })
})
