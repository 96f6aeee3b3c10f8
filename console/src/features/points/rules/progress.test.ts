import { describe, expect, it } from 'vitest'
import { progressOf, tierProgress } from './progress'

const TIERS = [{ code: 'G', name: 'Gold', min_points: 5000 }, { code: 'B', name: 'Bronze', min_points: 0 }, { code: 'S', name: 'Silver', min_points: 1000 }]

describe('tierProgress', () => {
  it('test_progress__between_two_tiers__share_of_the_way', () => {
    expect(tierProgress(TIERS, 3000)).toMatchObject({ current: { code: 'S' }, next: { code: 'G' }, share: 0.5, missing: 2000 })
  })

  it('test_progress__exactly_at_the_bound__has_the_tier', () => {
    expect(tierProgress(TIERS, 1000)).toMatchObject({ current: { code: 'S' }, share: 0 })
  })

  it('test_progress__at_the_top__full_and_nothing_missing', () => {
    expect(tierProgress(TIERS, 9000)).toMatchObject({ current: { code: 'G' }, next: null, share: 1, missing: 0 })
  })

  it('test_progress__below_the_first_tier__counts_from_zero', () => {
    expect(tierProgress([{ code: 'S', name: 'Silver', min_points: 100 }], 25)).toMatchObject({ current: null, share: 0.25, missing: 75 })
  })
})

describe('progressOf', () => {
  const [gold, , silver] = TIERS

  it('test_progress__by_what_counts__is_that_of_the_server', () => {
    expect(progressOf(silver ?? null, { next_tier: gold ?? null, points_qualifying: 3000, points_to_next: 2000 })).toMatchObject({ share: 0.5, missing: 2000 })
  })

  it('test_progress__behind_its_tier_in_this_period__is_none_and_never_negative', () => {
    expect(progressOf(silver ?? null, { next_tier: gold ?? null, points_qualifying: 10, points_to_next: 4990 })).toMatchObject({ share: 0, missing: 4990 })
  })

  it('test_progress__without_a_next_tier__is_whole', () => {
    expect(progressOf(gold ?? null, { next_tier: null, points_qualifying: 1, points_to_next: null })).toMatchObject({ share: 1, missing: 0 })
  })
})
