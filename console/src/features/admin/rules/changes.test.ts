import { describe, expect, it } from 'vitest'
import { differences } from './changes'

describe('differences', () => {
  it('test_differences__nested_records__only_what_changed_by_place', () => {
    expect(differences({ name: 'A', burn: { points_min: 1, step: 1 }, tags: ['x'] }, { name: 'A', burn: { points_min: 5, step: 1 }, tags: ['x', 'y'] })).toEqual([
      { path: 'burn.points_min', before: 1, after: 5 },
      { path: 'tags', before: ['x'], after: ['x', 'y'] },
    ])
  })

  it('test_differences__made_or_gone__every_part_of_it', () => {
    expect(differences(null, { code: 'x', is_on: false })).toEqual([{ path: 'code', before: undefined, after: 'x' }, { path: 'is_on', before: undefined, after: false }])
    expect(differences({ code: 'x' }, null)).toEqual([{ path: 'code', before: 'x', after: undefined }])
    expect(differences(null, null)).toEqual([])
  })
})
