import { describe, expect, it } from 'vitest'
import type { ConfigField } from '../config.api'
import { changesOf, mappingOf, secretsLost, textOfMapping } from './fields'

const field = (name: string, part: Partial<ConfigField> = {}): ConfigField => ({ name, type: 'text', title: name, description: '', is_secret: false, is_endpoint: false, choices: [], low: null, high: null, unit: '', setting: '', source: 'environment', value: '', is_set: false, ...part }) as ConfigField
const FIELDS = [field('host', { is_endpoint: true, value: 'a', source: 'saved' }), field('port', { value: 5432 }), field('password', { is_secret: true, is_set: true, value: null })]

describe('changesOf', () => {
  it('test_changes__same_values_and_empty_secret__nothing_is_sent', () => {
    expect(changesOf(FIELDS, { host: 'a', port: 5432, password: '' })).toEqual({})
  })

  it('test_changes__new_value_secret_and_way_back__only_those', () => {
    expect(changesOf(FIELDS, { host: null, port: 1, password: 'x' })).toEqual({ host: null, port: 1, password: 'x' })
    expect(changesOf(FIELDS, { port: null, password: null })).toEqual({ password: null })
  })
})

describe('secretsLost', () => {
  it('test_secrets__endpoint_moves__stored_secret_goes_unless_given_again', () => {
    expect(secretsLost(FIELDS, { host: 'b' }).map((one) => one.name)).toEqual(['password'])
    expect(secretsLost(FIELDS, { host: 'b', password: 'y' })).toEqual([])
    expect(secretsLost(FIELDS, { port: 1 })).toEqual([])
  })
})

describe('mapping', () => {
  it('test_mapping__lines__there_and_back', () => {
    expect(mappingOf('city = town\n\nage=years_old')).toEqual({ city: 'town', age: 'years_old' })
    expect(textOfMapping({ city: 'town' })).toBe('city = town')
    expect(mappingOf('nonsense')).toBeNull()
  })
})
