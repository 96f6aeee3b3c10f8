import { describe, expect, it } from 'vitest'
import { isLanguage, partsOf, undeclaredIn, withoutLanguage, withPart } from './parts'

describe('parts of templates', () => {
  it('test_undeclared__names_in_any_language__each_once', () => {
    const content = { en: { subject: 'Hi {{ first_name }}', body: '{{ balance }} {{ tier | "none" }} {{ balance }}' }, ar: { subject: '', body: '{{ city }} {{ preferences_url }}' } }
    expect(undeclaredIn(content, [{ name: 'tier', description: '', fallback: null, sample: '' }])).toEqual(['balance', 'city'])
  })

  it('test_with_part__one_text__leaves_the_others_and_what_was_there_before', () => {
    const content = { en: { title: 'T', body: 'B', url: 'https://a.test' } }
    expect(withPart(content, 'en', 'body', 'C')).toEqual({ en: { title: 'T', url: 'https://a.test', body: 'C' } })
    expect(withPart(content, 'en', 'url', '')).toEqual({ en: { title: 'T', body: 'B' } })
    expect(withPart(content, 'ar', 'body', 'ج')).toEqual({ ...content, ar: { body: 'ج' } })
    expect(withoutLanguage(content, 'en')).toEqual({})
    expect(content.en.body).toBe('B')
  })

  it('test_is_language__tags__are_told_from_other_texts', () => {
    expect(['en', 'ar-LB', 'zh-Hant', 'es-419'].every(isLanguage)).toBe(true)
    expect(['EN', 'english', 'ar_LB', ''].some(isLanguage)).toBe(false)
  })

  it('test_parts_of__channels__are_the_server_s', () => {
    expect(partsOf('email')).toEqual(['subject', 'body'])
    expect(partsOf('sms')).toEqual(['body'])
  })
})
