import { describe, expect, it } from 'vitest'
import { isSame, type Json } from './json'
import { carriedValue, isUnfinished, operatorsFor } from './operators'
import { addTo, countConditions, duplicateAt, emit, fieldsOf, isShowable, nodeAt, parse, replaceAt } from './tree'

/** A small, seeded generator: the same rules in every run, and a failing one can be found again by its number. */
function makeRandom(seed: number): () => number {
  let state = Math.imul(seed, 2654435761) >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

function makeAsking(random: () => number, pick: <T>(items: readonly T[]) => T, depth: number): Json {
  const filter = (): Json[] => pick<Json[]>([[], [null], [{ '>': [{ var: 'amount' }, 10] }], [[1]], depth > 0 ? [makeRule(random, depth - 1)] : []])
  const days = (): Json => pick<Json>([30, null, '30'])
  const asked = pick<Json>([
    { events_count: ['customer.purchase', days(), ...filter()] }, { events_count: ['customer.purchase'] }, { events_last_days: ['app.login', ...filter()] },
    { events_sum: ['customer.purchase', 'amount', days(), ...filter()] }, { events_avg: ['customer.purchase', days()] }, { events_max: [{ var: 'x' }, 'amount', 30] },
    { bucket: ['spring', 100] }, { bucket: ['spring'] }, { in_segment: ['a'] }, { in_segment: ['a', 'b'] },
  ])
  const segment = pick<Json>([{ in_segment: ['01-a'] }, { '!': { in_segment: ['01-a'] } }, { '!': [{ in_segment: ['01-a'] }] }, { in_segment: '01-a' }])
  return pick<Json>([segment, { [pick(['>=', '>', '<', '<=', '==', '!='])]: pick<Json[]>([[asked, pick<Json>([3, null, '3', 2.5])], [3, asked], [asked, 1, 2]]) }])
}

function makeTextual(pick: <T>(items: readonly T[]) => T): Json {
  const city: Json = { var: 'city' }
  const name = pick(['lower', 'upper', 'trim', 'length', 'substr'])
  const through = pick<Json>([{ [name]: city }, { [name]: [city] }, { [name]: [city, 1] }, { [name]: { [name]: city } }, { [name]: 'x' }, { [name]: city, var: 'city' }])
  const value = pick<Json>(['oslo', 3, null, true, { '#number': '12345678901234567890' }, ['a', 'b'], [{ '#number': '12345678901234567890' }]])
  return pick<Json>([{ [pick(['==', '!=', '>', '<='])]: [through, value] }, { '<=': [1, through, value] }, { in: [through, value] }, { in: [value, through] }, { '!': { in: [through, value] } }, { starts_with: [through, value] }, { within_days: [through, 3] }])
}

function makeRule(random: () => number, depth: number): Json {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T
  const field = (): Json => pick<Json>([{ var: 'total_revenue' }, { var: 'city' }, { var: 'joined_on' }, { var: 'age' }, { var: 'is_roaming' }, { var: ['age'] }, { var: ['age', 0] }, { var: 'a.b' }])
  const literal = (): Json => pick<Json>([0, 1, -3.5, 1e6, '', 'Gold', true, false, null, { date: '2026-11-20' }, [], ['a', 'b'], [1, 2], [null], { '+': [1, 2] }])
  const kind = random()
  if (depth > 0 && kind < 0.3) return { [pick(['and', 'or'])]: Array.from({ length: Math.floor(random() * 4) }, () => makeRule(random, depth - 1)) }
  if (depth > 0 && kind < 0.4) return { '!': pick<Json>([makeRule(random, depth - 1), [makeRule(random, depth - 1)]]) }
  if (depth > 0 && kind < 0.47) return { if: [makeRule(random, depth - 1), literal(), literal()] }
  if (kind < 0.5) return makeTextual(pick)
  if (kind < 0.6) return { in: pick<Json[]>([[field(), literal()], [literal(), field()]]) }
  if (kind < 0.68) return { '<=': [literal(), field(), literal()] }
  if (kind < 0.7) return makeAsking(random, pick, depth)
  if (kind < 0.72) return pick<Json>([{ '>': [{ days_since: field() }, literal()] }, { starts_with: [field(), literal()] }, { ends_with: [field(), literal()] }, { '<=': [{ days_ago: 7 }, field(), { today: [] }] }, { within_days: [field(), -7] }, { within_days: [field(), -0] }])
  if (kind < 0.74) return { within_days: [field(), literal()] }
  if (kind < 0.8) return pick<Json>([literal(), field(), { '>': 3 }, { unknown_operator: [field()] }, { a: 1, b: 2 }, {}])
  return { [pick(['>', '>=', '<', '<=', '==', '!=', '===', '!=='])]: pick<Json[]>([[field(), literal()], [field(), literal()], [field(), literal()], [literal(), field()], [field()], [field(), field()]]) }
}

describe('parse and emit', () => {
  it('test_round_trip__5000_generated_rules__nothing_lost', () => {
    for (let seed = 1; seed <= 5000; seed += 1) {
      const rule = makeRule(makeRandom(seed), 4)
      const back = emit(parse(rule))
      expect(isSame(back, rule), `seed ${seed}: ${JSON.stringify(rule)} came back as ${JSON.stringify(back)}`).toBe(true)
    }
  })

  it('test_round_trip__generated_rules__many_have_visual_conditions', () => {
    let visual = 0
    for (let seed = 1; seed <= 500; seed += 1) {
      const tree = parse(makeRule(makeRandom(seed), 4))
      if (fieldsOf(tree).length > 0) visual += 1
    }
    expect(visual).toBeGreaterThan(60)
  })

  it('test_parse__rule_of_the_user_guide__two_conditions', () => {
    const rule: Json = { and: [{ '>': [{ var: 'total_revenue' }, 1000] }, { '<': [{ var: 'last_purchase_days_ago' }, 30] }] }
    const tree = parse(rule)
    expect(tree.match).toBe('all')
    expect(tree.children).toEqual([
      { kind: 'condition', field: 'total_revenue', operator: 'gt', value: 1000 },
      { kind: 'condition', field: 'last_purchase_days_ago', operator: 'lt', value: 30 },
    ])
    expect(isShowable(rule)).toBe(true)
  })

  it('test_parse__if_rule__kept_word_for_word_as_advanced', () => {
    const rule: Json = { if: [{ '>': [{ var: 'transaction_amount' }, 100] }, { '*': [{ var: 'transaction_amount' }, 0.1] }, 0] }
    expect(parse(rule).children).toEqual([{ kind: 'advanced', rule }])
    expect(emit(parse(rule))).toEqual(rule)
  })

  it('test_parse__negated_group_and_none_of__shown_as_such', () => {
    const tree = parse({ '!': { or: [{ '!': { in: [{ var: 'city' }, ['Amman']] } }] } })
    expect(tree.isNegated).toBe(true)
    expect(tree.children[0]).toMatchObject({ operator: 'not_in', value: ['Amman'] })
  })

  it('test_emit__empty_tree__no_rule', () => {
    expect(emit(parse(null))).toBeNull()
  })

  it('test_emit__bare_frame_with_second_condition__becomes_a_group', () => {
    const tree = addTo(parse({ '>': [{ var: 'age' }, 18] }), [], { kind: 'condition', field: 'city', operator: 'eq', value: 'Amman' })
    expect(emit(tree)).toEqual({ and: [{ '>': [{ var: 'age' }, 18] }, { '==': [{ var: 'city' }, 'Amman'] }] })
  })
})

describe('text functions and long numbers', () => {
  it('test_parse__lower_of_a_text__a_condition_of_its_own', () => {
    expect(parse({ '==': [{ lower: { var: 'city' } }, 'oslo'] }).children).toEqual([{ kind: 'condition', field: 'city', through: 'lower', operator: 'eq', value: 'oslo' }])
    expect(parse({ '>=': [{ length: [{ var: 'msisdn' }] }, 13] }).children).toEqual([{ kind: 'condition', field: 'msisdn', through: 'length', isListed: true, operator: 'gte', value: 13 }])
    expect(parse({ '!': { in: [{ trim: { var: 'city' } }, ['Oslo']] } }).children).toEqual([{ kind: 'condition', field: 'city', through: 'trim', operator: 'not_in', value: ['Oslo'] }])
  })

  it('test_parse__function_in_a_function__kept_as_advanced', () => {
    const rule: Json = { '==': [{ lower: { trim: { var: 'city' } } }, 'oslo'] }
    expect(parse(rule).children).toEqual([{ kind: 'advanced', rule }])
  })

  it('test_parse__number_of_twenty_digits__a_condition_with_every_digit', () => {
    const rule: Json = { '>': [{ var: 'total_revenue' }, { '#number': '12345678901234567890' }] }
    expect(parse(rule).children).toMatchObject([{ kind: 'condition', operator: 'gt' }])
    expect(emit(parse(rule))).toEqual(rule)
  })
})

describe('edits', () => {
  const rule: Json = { and: [{ '>': [{ var: 'age' }, 18] }, { or: [{ '==': [{ var: 'city' }, 'Amman'] }] }] }

  it('test_replace_at__nested_path__others_untouched', () => {
    const tree = parse(rule)
    const changed = replaceAt(tree, [1, 0], { kind: 'condition', field: 'city', operator: 'eq', value: 'Irbid' })
    expect(emit(changed)).toEqual({ and: [{ '>': [{ var: 'age' }, 18] }, { or: [{ '==': [{ var: 'city' }, 'Irbid'] }] }] })
    expect(changed.children[0]).toBe(tree.children[0])
    expect(emit(tree)).toEqual(rule)
  })

  it('test_replace_at__null__node_is_gone', () => {
    expect(emit(replaceAt(parse(rule), [0], null))).toEqual({ and: [{ or: [{ '==': [{ var: 'city' }, 'Amman'] }] }] })
  })

  it('test_duplicate_at__condition__stands_beside_itself', () => {
    const tree = duplicateAt(parse(rule), [1, 0])
    expect(nodeAt(tree, [1, 1])).toEqual(nodeAt(tree, [1, 0]))
    expect(countConditions(tree)).toBe(3)
  })
})

describe('operators', () => {
  it('test_operators_for__each_type__only_what_suits', () => {
    expect(operatorsFor('boolean')).toEqual(['is_true', 'is_false', 'is_empty', 'not_empty'])
    expect(operatorsFor('text')).not.toContain('gt')
    expect(operatorsFor('decimal')).toContain('between')
    expect(operatorsFor('date')).toContain('within_days')
  })

  it('test_carried_value__between_neighbours__figure_kept', () => {
    const from = { field: 'age', operator: 'gt', value: 30 } as const
    expect(carriedValue(from, 'gte', 'integer', '2026-11-20')).toBe(30)
    expect(carriedValue(from, 'between', 'integer', '2026-11-20')).toEqual([30, 30])
    expect(carriedValue(from, 'in', 'integer', '2026-11-20')).toEqual([30])
    expect(carriedValue(from, 'is_empty', 'integer', '2026-11-20')).toBeNull()
  })

  it('test_is_unfinished__nothing_chosen__true', () => {
    expect(isUnfinished({ field: 'city', operator: 'in', value: [] })).toBe(true)
    expect(isUnfinished({ field: 'city', operator: 'eq', value: '' })).toBe(true)
    expect(isUnfinished({ field: 'age', operator: 'gt', value: 0 })).toBe(false)
    expect(isUnfinished({ field: 'age', operator: 'is_empty', value: null })).toBe(false)
  })
})
