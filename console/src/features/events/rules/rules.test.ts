import { describe, expect, it } from 'vitest'
import { isPath, nameOf, pathsOf, readScalar, writeScalar } from './paths'
import { domainOf, fieldsOf } from './schema'

describe('pathsOf', () => {
  it('test_paths__of_a_nested_sample__every_value_with_its_path', () => {
    expect(pathsOf({ doc: { no: 'R-7', lines: [{ sum: 12.5 }, { sum: null }], 'no path': 1 } })).toEqual([
      { path: '$.doc.no', value: 'R-7' },
      { path: '$.doc.lines[0].sum', value: 12.5 },
      { path: '$.doc.lines[1].sum', value: null },
      { path: "$.doc['no path']", value: 1 },
    ])
  })

  it('test_paths__of_names_of_any_script_or_form__are_what_the_server_reads', () => {
    const found = pathsOf({ 'متجر': { '@type': 1 }, '2nd': 2, "it's": 3, '': 4, 'a.b[0]': [5] })
    expect(found.map((one) => one.path)).toEqual(['$.متجر.@type', "$['2nd']", "$['a.b[0]'][0]"])
    expect(found.map((one) => one.path).every(isPath)).toBe(true)
    expect([nameOf("$.doc['net amount']"), nameOf('$.@type'), nameOf('$.متجر')]).toEqual(['net_amount', 'type', 'متجر'])
  })

  it('test_paths__of_a_huge_sample__stop_somewhere', () => {
    expect(pathsOf(Array.from({ length: 5000 }, (_, place) => place))).toHaveLength(200)
  })

  it('test_is_path__names_and_numbers__and_nothing_else', () => {
    expect(['$', '$.a', '$.a[0].b-c'].every(isPath)).toBe(true)
    expect(['a', '$.', '$.a b', '$[x]', '$..a', "$['']", '$["a"]', '$.2nd'].some(isPath)).toBe(false)
  })

  it('test_name__of_a_path__in_our_manner', () => {
    expect(nameOf('$.order.lines[0].netAmount')).toBe('net_amount')
    expect(nameOf('$.tags[3]')).toBe('tags')
    expect(nameOf('$')).toBe('value')
  })
})

describe('scalars', () => {
  it.each([['5', 5], ['"5"', '5'], ['five', 'five'], ['true', true], ['null', null], ['{}', '{}'], ['', '']] as const)('test_scalar__%s__read_and_written_back', (text, value) => {
    expect(readScalar(text)).toBe(value)
    expect(readScalar(writeScalar(value))).toBe(value)
  })
})

describe('fieldsOf', () => {
  it('test_fields__of_a_schema__required_first_and_in_words', () => {
    const schema = { type: 'object', required: ['id', 'at'], properties: { note: { anyOf: [{ type: 'string' }, { type: 'null' }] }, id: { type: 'string', format: 'uuid' }, at: { type: 'string', format: 'date-time' }, tags: { type: 'array', items: { type: 'string' } }, any: {}, all: { type: 'array', items: {} } } }
    expect(fieldsOf(schema)).toEqual([
      { name: 'at', kind: 'string (date-time)', isRequired: true },
      { name: 'id', kind: 'string (uuid)', isRequired: true },
      { name: 'all', kind: 'array', isRequired: false },
      { name: 'any', kind: 'any', isRequired: false },
      { name: 'note', kind: 'string | null', isRequired: false },
      { name: 'tags', kind: 'string[]', isRequired: false },
    ])
  })

  it('test_domain__of_a_type__its_first_word', () => {
    expect(domainOf('points.earned')).toBe('points')
  })
})
