import { flushPromises } from '@vue/test-utils'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { mountApp } from '@/testing/mountApp'
import * as api from '../templates.api'
import en from '../locales/en.json'
import TemplateTestDialog from './TemplateTestDialog.vue'

const DRAFT: api.TemplateDraft = { name: 'Welcome', description: '', variables: [], fallback_languages: ['en'], content: { en: { body: 'Hello' } } }

async function submit(props: Record<string, unknown>, to: string): Promise<void> {
  mountApp(TemplateTestDialog, { open: true, templateId: 't1', draft: DRAFT, ...props }, { delivery: en })
  await flushPromises()
  const input = document.body.querySelector('[role=dialog] input') as HTMLInputElement
  input.value = to
  input.dispatchEvent(new Event('input'))
  await flushPromises()
  document.body.querySelector('form')?.dispatchEvent(new Event('submit'))
  await flushPromises()
}

describe('TemplateTestDialog', () => {
  afterEach(() => { vi.restoreAllMocks(); document.body.innerHTML = '' })

  it('test_text__for_a_customer__what_is_written_now_goes_to_the_number', async () => {
    const send = vi.spyOn(api, 'testTemplate').mockResolvedValue({ test_id: 'x', to: '+9613000000' })
    await submit({ channel: 'sms', customer: 'c-1', language: 'ar' }, ' +9613000000 ')
    expect(send).toHaveBeenCalledWith('t1', { to: '+9613000000', variables: [], fallback_languages: ['en'], content: DRAFT.content, customer_ref: 'c-1', language: 'ar' })
  })

  it('test_mail__refused__the_reason_stands_at_the_field', async () => {
    vi.spyOn(api, 'testTemplate').mockRejectedValue(new Error('no'))
    await submit({ channel: 'email', customer: '', language: '' }, 'me')
    expect(document.body.querySelector('[role=dialog] input')?.getAttribute('type')).toBe('email')
    expect(document.body.textContent).toContain(en.templates.testTo.mail)
    expect(document.body.textContent).toContain(en.templates.testWithSamples)
    expect(document.body.querySelector('[role=dialog] form')?.textContent).toContain('no')
  })
})
