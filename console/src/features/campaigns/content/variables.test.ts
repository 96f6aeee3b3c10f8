import { describe, expect, it } from 'vitest'
import type { Kinds } from '../campaigns.api'
import { insertAt, snippetOf, unknownIn, variablesFor, variablesIn, wrapAt } from './variables'

const kinds: Kinds = {
  events: [{ type: 'customer.purchase', fields: ['amount'] }],
  goals: [], channels: [], measures: ['segment_size'],
  operators: ['>'],
  variables: { customer: ['first_name', 'last_name'], campaign: ['campaign_name'], program: ['points_balance'], offer: ['offer_code'], event_prefix: 'event_' },
}
const event = { kind: 'event' as const, event_type: 'customer.purchase', filter: null }

describe('variables', () => {
  it('test_variables__event_with_program__customer_program_and_event', () => {
    const names = variablesFor(kinds, event, true).map((variable) => variable.name)
    expect(names).toEqual(expect.arrayContaining(['first_name', 'points_balance', 'event_amount']))
  })

  it('test_variables__no_program__none_of_the_program', () => {
    expect(variablesFor(kinds, event, false).map((variable) => variable.name)).not.toContain('points_balance')
  })

  it('test_variables_in__with_fallbacks__each_once', () => {
    expect(variablesIn('{{ a }} {{ b | "x" }} {{a|&quot;y&quot;}}')).toEqual(['a', 'b'])
  })

  it('test_unknown_in__way_out_and_typo__only_the_typo', () => {
    expect(unknownIn('{{ unsubscribe_url }} {{ frist_name }}', variablesFor(kinds, event, false))).toEqual(['frist_name'])
  })

  it('test_snippet__name__has_a_fallback', () => {
    expect(variablesFor(kinds, event, false).filter((one) => one.name === 'first_name').map(snippetOf)).toEqual(['{{ first_name | "customer" }}'])
  })

  it('test_insert__selection__replaced_and_cursor_behind', () => {
    expect(insertAt('Dear NAME,', 5, 9, '{{ x }}')).toEqual({ text: 'Dear {{ x }},', caret: 12 })
  })

  it('test_wrap__nothing_selected__placeholder_inside', () => {
    expect(wrapAt('ab', 1, 1, '<b>', '</b>', 'text')).toEqual({ text: 'a<b>text</b>b', caret: 8 })
  })
})
