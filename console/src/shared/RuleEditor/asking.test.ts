import { describe, expect, it } from 'vitest'
import { emitAsking, isUnfinishedAsking, readAsking, signsFor, withMeasure, withoutFilter, withSign, type Behaviour } from './asking'
import type { Json } from './json'
import { emit, hasOpenLine, parse, segmentsOf } from './tree'

const bought: Behaviour = { kind: 'behaviour', measure: 'count', event: 'customer.purchase', field: '', days: 30, sign: 'gte', value: 3 }

describe('asking', () => {
  it('test_read__did_x_at_least_n_times_in_d_days__a_behaviour', () => {
    expect(readAsking({ '>=': [{ events_count: ['customer.purchase', 30] }, 3] })).toEqual(bought)
  })

  it('test_read__never_did__sign_never', () => {
    expect(readAsking({ '==': [{ events_last_days: ['app.login'] }, null] })).toMatchObject({ measure: 'last_days', sign: 'never', value: null, days: null })
  })

  it('test_read__sum_with_filter__field_window_and_filter', () => {
    const filter: Json = { '>': [{ var: 'amount' }, 20] }
    const rule: Json = { '>': [{ events_sum: ['customer.purchase', 'amount', null, filter] }, 100] }
    const node = readAsking(rule)
    expect(node).toMatchObject({ measure: 'sum', field: 'amount', days: null, filter, sign: 'gt', value: 100 })
    expect(node && emitAsking(node)).toEqual(rule)
  })

  it('test_read__other_spellings__left_to_json', () => {
    const others: Json[] = [{ '>=': [3, { events_count: ['x', 30] }] }, { '>=': [{ events_count: ['x'] }, 3] }, { '>=': [{ events_count: ['x', 30] }, '3'] }, { in_segment: 'a' }, { in_segment: ['a', 'b'] }, { '<': [{ bucket: ['a', 10] }, null] }]
    for (const rule of others) expect(readAsking(rule), JSON.stringify(rule)).toBeNull()
  })

  it('test_parse__not_in_segment__one_line_and_named', () => {
    const rule: Json = { and: [{ '!': { in_segment: ['s1'] } }, { in_segment: ['s2'] }] }
    const tree = parse(rule)
    expect(tree.children[0]).toEqual({ kind: 'membership', segment: 's1', isNegated: true })
    expect(segmentsOf(tree)).toEqual(['s1', 's2'])
    expect(emit(tree)).toEqual(rule)
  })

  it('test_with_measure__count_to_last_days_and_back__window_and_sign_fit', () => {
    const last = withMeasure(bought, 'last_days')
    expect(last).toMatchObject({ days: null, field: '', value: 3 })
    expect(withMeasure(withSign(last, 'never'), 'count')).toMatchObject({ sign: 'gte', value: 1 })
    expect(signsFor('count')).not.toContain('never')
  })

  it('test_without_filter__filter_given__its_place_is_gone', () => {
    expect(emitAsking(withoutFilter({ ...bought, filter: { '>': [{ var: 'amount' }, 1] } }))).toEqual({ '>=': [{ events_count: ['customer.purchase', 30] }, 3] })
  })

  it('test_unfinished__sum_of_nothing__true', () => {
    expect(isUnfinishedAsking({ ...bought, measure: 'sum' })).toBe(true)
    expect(isUnfinishedAsking(bought)).toBe(false)
  })

  it('test_open_line__event_or_value_missing__found_at_any_depth', () => {
    expect(hasOpenLine(parse({ and: [{ or: [{ '>=': [{ events_count: ['', 30] }, 1] }] }] }))).toBe(true)
    expect(hasOpenLine(parse({ '==': [{ var: 'city' }, ''] }))).toBe(true)
    expect(hasOpenLine(parse({ and: [{ '>': [{ var: 'age' }, 18] }, { if: [true, false] }] }))).toBe(false)
  })
})
