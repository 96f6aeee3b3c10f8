import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { defineComponent, h } from 'vue'
import { createI18n } from 'vue-i18n'
import arabic from '../locales/server.ar.json'
import { useServerWords } from './useServerWords'

function wordsIn(locale: 'en' | 'ar'): ReturnType<typeof useServerWords> {
  const i18n = createI18n({ legacy: false, locale, fallbackLocale: 'en', messages: { en: {}, ar: arabic as unknown as Record<string, never> } })
  let words: ReturnType<typeof useServerWords> | null = null
  const Probe = defineComponent(() => {
    words = useServerWords()
    return () => h('i')
  })
  mount(Probe, { global: { plugins: [i18n] } })
  if (words === null) throw new Error('not mounted')
  return words
}

describe('useServerWords', () => {
  it('test_words__in_english__are_those_of_the_server', () => {
    const { permissionWords, sectionTitle, kindTitle } = wordsIn('en')
    expect(permissionWords({ code: 'segments.view', description: 'See segments' })).toBe('See segments')
    expect(sectionTitle({ code: 'dwh/features', title: 'Features' })).toBe('Features')
    expect(kindTitle('points.adjust', 'Adjustment')).toBe('Adjustment')
  })

  it('test_words__in_arabic__are_ours_and_the_servers_where_we_have_none', () => {
    const { permissionWords, sectionTitle, fieldTitle, kindTitle, unitName, eventWords } = wordsIn('ar')
    expect(permissionWords({ code: 'segments.view', description: 'See segments' })).toBe(arabic.server.permission.segments.view)
    expect(permissionWords({ code: 'new.thing', description: 'A new thing' })).toBe('A new thing')
    expect(sectionTitle({ code: 'dwh/features', title: 'Features' })).toBe(arabic.server.section.dwh_features.title)
    expect(fieldTitle('feature-store', { name: 'cache_seconds', title: 'Cache' })).toBe(arabic.server.section['feature-store'].field.cache_seconds.title)
    expect(kindTitle('points.adjust', 'Adjustment')).toBe(arabic.server.kind.points.adjust)
    expect(unitName('points')).toBe(arabic.server.unit.points)
    expect(eventWords({ type: 'ml.prediction.completed', title: 'Scored' })).toBe(arabic.server.event.ml.prediction.completed)
    expect(eventWords({ type: 'customer.unheard_of', title: 'New' })).toBe('New')
  })

  it('test_role__of_ones_own__keeps_the_name_its_maker_gave', () => {
    const { roleName } = wordsIn('ar')
    expect(roleName({ code: 'analyst', name: 'Analyst', is_shipped: true })).toBe(arabic.server.role.analyst.name)
    expect(roleName({ code: 'analyst', name: 'My analyst', is_shipped: false })).toBe('My analyst')
  })
})
