import { describe, expect, it } from 'vitest'
import { blankProgram, draftOf } from './blank'
import { freeCode, moved, slugOf } from './lists'
import { placed, SECTIONS, sectionOf } from './sections'
import { instantIn, localIn } from './zones'

describe('draftOf', () => {
  it('test_draft__of_what_was_sent__the_same', () => {
    const sent = { ...blankProgram(), name: 'One', caps: [{ code: 'daily', period: 'day', scope: 'member', measure: 'points', limit: '10', rule_code: '', partner_ref: '', tier_codes: [], on_reach: 'truncate' }] }
    expect(draftOf(JSON.parse(JSON.stringify(sent)) as object)).toEqual(sent)
  })

  it('test_draft__words_and_ids_of_the_server__fall_away', () => {
    const draft = draftOf({ name: 'One', member_count: 3, earn_rules: [{ code: 'base', rule: 5, rule_in_words: '5 points' }], wallets: [{ id: 'x', code: 'main' }] })
    expect(Object.keys(draft).sort()).toEqual(Object.keys(blankProgram()).sort())
    expect(draft.earn_rules[0]).not.toHaveProperty('rule_in_words')
    expect(draft.wallets[0]).not.toHaveProperty('id')
  })

  it('test_draft__tiers__keep_their_id_so_that_a_rename_is_one', () => {
    expect(draftOf({ tiers: [{ id: 't1', code: 'GOLD', multiplier: 1.5 }] }).tiers[0]).toMatchObject({ id: 't1', multiplier: '1.5', benefit_grants: [] })
  })
})

describe('sections', () => {
  it('test_sections__every_part_of_the_document__stands_in_one', () => {
    const paths = SECTIONS.flatMap((section) => section.paths)
    expect(Object.keys(blankProgram()).filter((name) => !paths.includes(name))).toEqual([])
    expect(new Set(paths).size).toBe(paths.length)
  })

  it('test_section_of__bonus_rule__among_the_bonuses', () => {
    const draft = draftOf({ earn_rules: [{ code: 'a', kind: 'base' }, { code: 'b', kind: 'bonus' }] })
    expect([sectionOf('earn_rules.0.rule/if/1', draft), sectionOf('earn_rules.1.name', draft), sectionOf('earn_rules', draft)]).toEqual(['earning', 'bonuses', 'earning'])
  })

  it('test_placed__unknown_field__kept_without_a_section', () => {
    expect(placed([{ field: 'expiry.days', message: 'm' }, { field: 'newthing', message: 'n' }], { earn_rules: [] }).map((problem) => problem.section)).toEqual(['expiry', null])
  })
})

describe('lists', () => {
  it('test_slug__name_of_another_script__fallback', () => {
    expect([slugOf('Double weekend!'), slugOf('نقاط', 'rule')]).toEqual(['double_weekend', 'rule'])
  })

  it('test_free_code__taken_twice__next_number', () => {
    expect(freeCode('a', ['a', 'a_2'])).toBe('a_3')
  })

  it('test_moved__down__others_close_up', () => {
    expect(moved(['a', 'b', 'c'], 0, 2)).toEqual(['b', 'c', 'a'])
  })
})

describe('zones', () => {
  it('test_instant__wall_of_a_zone__its_offset', () => {
    expect(instantIn('Asia/Baghdad', '2027-01-01T00:00')).toBe('2026-12-31T21:00:00.000Z')
    expect(localIn('Asia/Baghdad', '2026-12-31T21:00:00.000Z')).toBe('2027-01-01T00:00')
  })

  it('test_instant__summer_and_winter__each_its_own_offset', () => {
    expect(instantIn('Europe/Berlin', '2027-07-01T12:00')).toBe('2027-07-01T10:00:00.000Z')
    expect(instantIn('Europe/Berlin', '2027-01-01T12:00')).toBe('2027-01-01T11:00:00.000Z')
  })

  it('test_instant__hour_that_the_clock_skips__the_hour_after', () => {
    expect(instantIn('Europe/Berlin', '2027-03-28T02:30')).toBe('2027-03-28T01:30:00.000Z')
  })
})
