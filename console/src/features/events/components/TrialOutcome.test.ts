import { describe, expect, it } from 'vitest'
import { mountApp } from '@/testing/mountApp'
import type { Trial } from '../exchange.api'
import en from '../locales/en.json'
import TrialOutcome from './TrialOutcome.vue'

const taken: Trial = { is_taken: true, event: { id: '1', type: 'bss.customer_changed' }, code: '', message: '', field: '', path: '', is_duplicate: false, is_passed_on: false, permission: '' }
const show = (more: Partial<Trial>): string => {
  const wrapper = mountApp(TrialOutcome, { trial: { ...taken, ...more } }, { events: en })
  const text = wrapper.text()
  wrapper.unmount()
  return text
}

describe('TrialOutcome', () => {
  it('test_refused_by_its_domain__code_place_and_path_in_the_sample__are_told_beside_the_event', () => {
    const text = show({ is_taken: false, code: 'customer.profile_invalid', message: 'birth_date is a date such as 1990-12-31.', field: 'data.birth_date', path: '$.person.born' })
    for (const part of ['A value cannot be read', 'birth_date is a date', 'data.birth_date', '$.person.born', 'customer.profile_invalid', 'Nothing was written', 'bss.customer_changed']) expect(text).toContain(part)
  })

  it('test_refused__of_a_code_without_words__is_told_by_its_message', () => {
    const text = show({ is_taken: false, event: null, code: 'other.code', message: 'Something else.' })
    for (const part of ['It would not be taken in', 'Something else.', 'other.code']) expect(text).toContain(part)
  })

  it('test_taken__a_second_time_or_by_nobody__says_so_and_what_a_sender_needs', () => {
    expect(show({ is_duplicate: true })).toContain('It came before')
    expect(show({ is_passed_on: true })).toContain('Nobody here takes this type in')
    expect(show({ permission: 'customers.import' })).toContain('customers.import')
    expect(show({})).not.toContain('It came before')
  })

  it('test_place__of_a_cloud_event__is_told_once', () => {
    expect(show({ is_taken: false, code: 'customer.not_found', field: 'subject', path: '$.subject' })).not.toContain('In the sample')
  })
})
