import { describe, expect, it } from 'vitest'
import type { Json } from './json'
import { moveBy, moveInto, moveOut, moveTo, wrapAt, type Moved } from './moves'
import { emit, fieldsOf, nodeAt, parse, type Path } from './tree'

const is = (name: string): Json => ({ '==': [{ var: name }, 'x'] })
const rule: Json = { and: [is('a'), is('b'), { or: [is('c'), is('d')] }, is('e')] }
const names = (json: Json): string => JSON.stringify(json).replaceAll(/\{"==":\[\{"var":"(\w)"\},"x"\]\}/g, '$1').replaceAll('"', '')
const told = (moved: Moved | null): string => (moved === null ? 'nothing' : names(emit(moved.root)))
const root = parse(rule)

describe('moves', () => {
  it('test_move_by__up_and_down__changes_places', () => {
    expect(told(moveBy(root, [1], -1))).toBe('{and:[b,a,{or:[c,d]},e]}')
    expect(told(moveBy(root, [0], 1))).toBe('{and:[b,a,{or:[c,d]},e]}')
    expect(told(moveBy(root, [2, 0], 1))).toBe('{and:[a,b,{or:[d,c]},e]}')
  })

  it('test_move_by__at_the_edge__nothing', () => {
    expect(moveBy(root, [0], -1)).toBeNull()
    expect(moveBy(root, [3], 1)).toBeNull()
  })

  it('test_move_out__line_of_an_inner_group__behind_that_group', () => {
    expect(told(moveOut(root, [2, 0]))).toBe('{and:[a,b,{or:[d]},c,e]}')
    expect(moveOut(root, [0])).toBeNull()
  })

  it('test_move_into__group_before_or_behind__its_end_or_its_beginning', () => {
    expect(told(moveInto(root, [3]))).toBe('{and:[a,b,{or:[c,d,e]}]}')
    expect(told(moveInto(root, [1]))).toBe('{and:[a,{or:[b,c,d]},e]}')
    expect(moveInto(root, [0])).toBeNull()
  })

  it('test_wrap__a_line__other_match_around_it', () => {
    expect(told(wrapAt(root, [0]))).toBe('{and:[{or:[a]},b,{or:[c,d]},e]}')
  })

  it('test_move_to__group_into_itself__refused', () => {
    expect(moveTo(root, [2], [2, 1])).toBeNull()
  })

  it('test_move_to__any_two_places__nothing_lost_and_path_names_the_line', () => {
    const places: Path[] = [[0], [1], [2], [3], [4], [2, 0], [2, 1], [2, 2]]
    for (const from of places) {
      const node = nodeAt(root, from)
      if (node === undefined) continue
      for (const to of places) {
        const moved = moveTo(root, from, to)
        if (moved === null) continue
        expect([...fieldsOf(moved.root)].sort().join('')).toBe('abcde')
        expect(nodeAt(moved.root, moved.path), `${from.join('.')} to ${to.join('.')}`).toBe(node)
      }
    }
  })
})
