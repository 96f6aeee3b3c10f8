import { describe, expect, it } from 'vitest'
import { groupFields, type Field } from './fields'

const field = (name: string, category: string, description = ''): Field => ({ name, type: 'decimal', label: name, description, category, data_source: 'dwh', is_nullable: true, freshness: null })
const fields = [field('revenue', 'Value', 'money brought in'), field('age', 'Profile'), field('churn', 'Risk'), field('lifetime', 'Value')]

describe('groupFields', () => {
  it('test_group_fields__no_search__by_category_in_catalogue_order', () => {
    expect(groupFields(fields, '').map((group) => [group.name, group.fields.length])).toEqual([['Value', 2], ['Profile', 1], ['Risk', 1]])
  })

  it('test_group_fields__words_of_the_description__found', () => {
    expect(groupFields(fields, 'money REV').flatMap((group) => group.fields.map((one) => one.name))).toEqual(['revenue'])
  })

  it('test_group_fields__nothing_matches__empty', () => {
    expect(groupFields(fields, 'zzz')).toEqual([])
  })
})
