import { describe, expect, it } from 'vitest'
import { instantOf, localOf } from './local'

describe('local time of a field', () => {
  it('test_local__there_and_back__is_the_same_minute', () => {
    const instant = '2026-12-01T07:30:00.000Z'
    expect(instantOf(localOf(instant))).toBe(instant)
  })

  it('test_local__nothing_or_nonsense__is_nothing', () => {
    expect([localOf(null), localOf('soon'), instantOf(''), instantOf('soon')]).toEqual(['', '', null, null])
  })
})
