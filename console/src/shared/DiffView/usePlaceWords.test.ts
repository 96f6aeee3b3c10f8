import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { defineComponent, h } from 'vue'
import { createI18n } from 'vue-i18n'
import ownArabic from '../locales/pages.ar.json'
import english from '../locales/pages.en.json'
import arabic from '../locales/server.ar.json'
import { usePlaceWords } from './usePlaceWords'

function wordsIn(locale: 'en' | 'ar'): ReturnType<typeof usePlaceWords> {
  const i18n = createI18n({ legacy: false, locale, fallbackLocale: 'en', messages: { en: english as never, ar: { ...ownArabic, ...arabic } as never } })
  let words: ReturnType<typeof usePlaceWords> | null = null
  const Probe = defineComponent(() => {
    words = usePlaceWords()
    return () => h('i')
  })
  mount(Probe, { global: { plugins: [i18n] } })
  if (words === null) throw new Error('not mounted')
  return words
}

describe('usePlaceWords', () => {
  it('test_places__in_english__are_the_names_of_the_documents', () => {
    const { placeWords, valueWords } = wordsIn('en')
    expect(placeWords('/caps/points_max')).toBe('caps › points max')
    expect(placeWords('burn.points_min')).toBe('burn › points min')
    expect(valueWords(true)).toBe('yes')
    expect(valueWords(false)).toBe('no')
  })

  it('test_places__in_arabic__in_words_as_far_as_there_are_any', () => {
    const { placeWords, valueWords } = wordsIn('ar')
    const { place } = arabic.server
    expect(placeWords('/caps/points_max')).toBe(`${place.caps} › ${place.points_max}`)
    expect(placeWords('tiers.GOLD.unheard_of')).toBe(`${place.tiers} › GOLD › unheard of`)
    expect(valueWords('ACTIVE', 'status')).toBe(ownArabic.status.ACTIVE)
    expect(valueWords('ACTIVE', 'name')).toBe('ACTIVE')
  })

  it('test_values__nothing_is_null_and_what_is_long_is_cut', () => {
    const { valueWords } = wordsIn('en')
    expect(valueWords(null)).toBeNull()
    expect(valueWords(undefined)).toBeNull()
    expect(valueWords(0)).toBe('0')
    expect(valueWords(['a'])).toBe('[\n "a"\n]')
    expect(valueWords('x'.repeat(3_000))).toHaveLength(2_002)
  })
})
