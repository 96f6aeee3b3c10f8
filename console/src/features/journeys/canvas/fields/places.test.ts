import { describe, expect, it } from 'vitest'
import type { Field } from '@/shared/FieldPicker/fields'
import { isFilledItself, placesInText, placesInValue } from './places'

const field = (name: string, label: string): Field => ({ name, label, type: 'decimal', description: '', category: '', data_source: '', is_nullable: true, freshness: null })
const FIELDS = [field('event.amount', 'Amount'), field('churn_score', 'Churn probability')]
const snippets = (groups: readonly { key: string; places: readonly { snippet: string }[] }[], key: string): string[] => groups.find((group) => group.key === key)?.places.map((place) => place.snippet) ?? []

describe('places', () => {
  it('test_text__names_of_delivery__the_first_name_with_a_stand_in', () => {
    const groups = placesInText(FIELDS, ['gift'])
    expect(snippets(groups, 'customer')[0]).toBe('{{ first_name | "friend" }}')
    expect(snippets(groups, 'event')).toEqual(['{{ event_amount }}'])
    expect(snippets(groups, 'own')).toEqual(['{{ gift }}'])
    expect(snippets(groups, 'feature')).toEqual([])
  })

  it('test_value__paths_of_the_journey__features_by_their_labels', () => {
    const groups = placesInValue(FIELDS)
    expect(snippets(groups, 'event')).toEqual(['{{event.amount}}'])
    expect(groups.find((group) => group.key === 'feature')?.places).toEqual([{ label: 'Churn probability', snippet: '{{feature.churn_score}}' }])
  })

  it('test_text__no_event_leads_in__no_empty_group', () => expect(placesInText([], []).map((group) => group.key)).toEqual(['customer', 'account', 'journey']))

  it('test_filled__names_that_need_no_value', () => {
    expect(['first_name', 'points_balance', 'event_amount', 'context_code', 'journey_name'].filter((name) => !isFilledItself(name))).toEqual([])
    expect(isFilledItself('gift')).toBe(false)
  })
})
