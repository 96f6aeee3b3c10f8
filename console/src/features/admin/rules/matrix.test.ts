import { describe, expect, it } from 'vitest'
import type { Grant, Permission } from '../access.api'
import { cellOf, covers, isSameGrants, rowsOf, shownOf, split, withGrant } from './matrix'

const grant = (permission: string, part: Partial<Grant> = {}): Grant => ({ permission, scope: 'all', points_max: null, ...part })
const catalogue = ['points.view', 'points.adjust', 'programs.view'].map((code) => ({ code, domain: code.split('.')[0], verb: code.split('.')[1], description: `Do ${code}` }) as Permission)

describe('matrix', () => {
  it('test_covers__patterns__domain_verb_and_everything', () => {
    expect(covers('points.*', 'points.adjust')).toBe(true)
    expect(covers('*.view', 'points.view')).toBe(true)
    expect(covers('*', 'points.view')).toBe(true)
    expect(covers('points.view', 'points.adjust')).toBe(false)
    expect(covers('point.*', 'points.view')).toBe(false)
  })

  it('test_cell__own_and_wider__the_wider_one_is_shown', () => {
    const cell = cellOf([grant('points.adjust', { scope: 'program', points_max: 100 }), grant('points.*')], 'points.adjust')
    expect(cell.own).toHaveLength(1)
    expect(cell.wider?.permission).toBe('points.*')
    expect(shownOf(cell)?.permission).toBe('points.*')
    expect(shownOf(cellOf([], 'points.adjust'))).toBeNull()
  })

  it('test_with_grant__given_changed_taken__others_stay', () => {
    const given = withGrant([grant('programs.view')], 'points.adjust', { scope: 'program', points_max: 500 })
    expect(given).toEqual([grant('programs.view'), grant('points.adjust', { scope: 'program', points_max: 500 })])
    expect(withGrant(given, 'points.adjust', null)).toEqual([grant('programs.view')])
  })

  it('test_split__pattern__single_permissions_with_its_bounds', () => {
    const pattern = grant('points.*', { points_max: 10 })
    expect(split([grant('points.view'), pattern], pattern, catalogue)).toEqual([grant('points.view'), grant('points.adjust', { points_max: 10 })])
  })

  it('test_same_grants__other_order__the_same', () => {
    expect(isSameGrants([grant('a.b'), grant('c.d')], [grant('c.d'), grant('a.b')])).toBe(true)
    expect(isSameGrants([grant('a.b')], [grant('a.b', { points_max: 1 })])).toBe(false)
    expect(isSameGrants([grant('a.b')], [])).toBe(false)
  })

  it('test_rows__search__by_code_and_description_in_domains', () => {
    expect(rowsOf(catalogue, 'view').map((one) => [one.domain, one.permissions.length])).toEqual([['points', 1], ['programs', 1]])
    expect(rowsOf(catalogue, 'do adjust').map((one) => one.domain)).toEqual(['points'])
  })
})
