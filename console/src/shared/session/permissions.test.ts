import { describe, expect, it } from 'vitest'
import { isAllowed } from './permissions'

describe('isAllowed', () => {
  it('test_is_allowed__exact_permission__yes', () => {
    expect(isAllowed({ permissions: ['segments.view'] }, 'segments.view')).toBe(true)
    expect(isAllowed({ permissions: ['segments.view'] }, 'segments.change')).toBe(false)
  })

  it('test_is_allowed__patterns__domain_and_everything', () => {
    expect(isAllowed({ permissions: ['segments.*'] }, 'segments.change')).toBe(true)
    expect(isAllowed({ permissions: ['segments.*'] }, 'programs.change')).toBe(false)
    expect(isAllowed({ permissions: ['*'] }, 'programs.change')).toBe(true)
  })

  it('test_is_allowed__no_permission_needed__everyone', () => {
    expect(isAllowed({ permissions: [] }, null)).toBe(true)
    expect(isAllowed(null, null)).toBe(true)
  })

  it('test_is_allowed__nobody_signed_in__no', () => {
    expect(isAllowed(null, 'segments.view')).toBe(false)
  })

  it('test_is_allowed__several__one_is_enough', () => {
    expect(isAllowed({ permissions: ['audit.view'] }, ['access.view', 'audit.view'])).toBe(true)
    expect(isAllowed({ permissions: ['programs.view'] }, ['access.view', 'audit.view'])).toBe(false)
  })

  it('test_is_allowed__name_that_begins_alike__no', () => {
    expect(isAllowed({ permissions: ['segment.*'] }, 'segments.view')).toBe(false)
  })
})
