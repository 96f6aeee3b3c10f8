import { computed } from 'vue'
import { flushPromises } from '@vue/test-utils'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { mountApp } from '@/testing/mountApp'
import * as delivery from '@/features/delivery'
import type { StepWords } from '../../composables/useStepWords'
import en from '../../locales/en.json'
import type { Config } from '../graph'
import TemplateField from './TemplateField.vue'

vi.mock('@/features/delivery', () => ({ previewTemplate: vi.fn() }))
const TEMPLATE = { id: 't1', code: 'welcome', channel: 'email', name: 'Welcome mail', description: '', variables: [{ name: 'gift', description: 'What they get', fallback: 'a surprise', sample: '' }, { name: 'points_balance', description: '', fallback: null, sample: '' }] }
const words = { choices: { templates: computed(() => [TEMPLATE, { ...TEMPLATE, id: 't2', code: 'sms_one', channel: 'sms', name: 'Text' }]) } } as unknown as StepWords

function show(config: Config) {
  const told: Config[] = []
  vi.mocked(delivery.previewTemplate).mockResolvedValue({ rendered: { subject: 'Hello', html: '', text: 'Here is a surprise.' } } as Awaited<ReturnType<typeof delivery.previewTemplate>>)
  const wrapper = mountApp(TemplateField, { config, channel: 'email', parts: ['subject', 'body'], places: [], words, label: 'Template', onConfig: (next: Config) => told.push(next) }, { journeys: en })
  return { wrapper, told }
}

describe('TemplateField', () => {
  afterEach(() => vi.clearAllMocks())

  it('test_chosen__its_words_and_what_it_is_told', async () => {
    const { wrapper, told } = show({ action_type: 'send_email', template: 'welcome', variables: { old: 'kept' } })
    await flushPromises()
    expect(wrapper.text()).toContain('Here is a surprise.')
    const inputs = wrapper.findAll('fieldset input')
    expect(inputs.map((input) => [input.attributes('aria-label'), input.attributes('placeholder') ?? ''])).toEqual([['gift', 'Otherwise “a surprise”'], ['points_balance', en.filledItself], ['old', '']])
    await inputs[0]?.setValue('100 points')
    expect(told.at(-1)).toEqual({ action_type: 'send_email', template: 'welcome', variables: { gift: '100 points', old: 'kept' } })
    await inputs[2]?.setValue('')
    expect(told.at(-1)).toEqual({ action_type: 'send_email', template: 'welcome' })
    wrapper.unmount()
  })

  it('test_own_words__no_preview_is_asked_for', async () => {
    const { wrapper } = show({ action_type: 'send_email', subject: 'Own', body: 'Words' })
    await flushPromises()
    expect(delivery.previewTemplate).not.toHaveBeenCalled()
    expect(wrapper.find('fieldset').exists()).toBe(false)
    expect(wrapper.find('button').text()).toContain(en.ownWords)
    wrapper.unmount()
  })
})
