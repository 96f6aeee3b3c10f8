import { describe, expect, it } from 'vitest'
import { changedTier, codeFrom, misordered, movedTier, usualTiers, withoutTier, withTier } from './tiers'

const NAMES = ['Bronze', 'Silver', 'Gold', 'Platinum']

describe('tiers', () => {
  it('test_code__name_with_spaces_and_marks__upper_snake', () => {
    expect(codeFrom(' VIP Gold-plus 2 ')).toBe('VIP_GOLD_PLUS_2')
  })

  it('test_with_tier__after_others__begins_above_the_highest', () => {
    expect(withTier(usualTiers(NAMES), 'Diamond').at(-1)).toMatchObject({ code: 'DIAMOND', min_points: 21000, priority: 5 })
  })

  it('test_with_tier__first_one__begins_at_zero', () => {
    expect(withTier([], 'Bronze')[0]?.min_points).toBe(0)
  })

  it('test_moved__down_one__priorities_follow_the_order', () => {
    const moved = movedTier(usualTiers(NAMES), 0, 1)
    expect(moved.map((tier) => [tier.code, tier.priority])).toEqual([['SILVER', 1], ['BRONZE', 2], ['GOLD', 3], ['PLATINUM', 4]])
  })

  it('test_moved__beyond_the_end__nothing_changes', () => {
    expect(movedTier(usualTiers(NAMES), 3, 4).map((tier) => tier.code)).toEqual(['BRONZE', 'SILVER', 'GOLD', 'PLATINUM'])
  })

  it('test_without__middle__numbered_anew', () => {
    expect(withoutTier(usualTiers(NAMES), 1).map((tier) => tier.priority)).toEqual([1, 2, 3])
  })

  it('test_changed__name_of_a_new_tier__code_follows', () => {
    expect(changedTier(usualTiers(NAMES), 0, { name: 'Basic' })[0]?.code).toBe('BASIC')
  })

  it('test_changed__name_of_a_saved_tier__code_stays', () => {
    const saved = usualTiers(NAMES).map((tier) => ({ ...tier, id: tier.code }))
    expect(changedTier(saved, 0, { name: 'Basic' })[0]?.code).toBe('BRONZE')
  })

  it('test_misordered__points_fall__named', () => {
    expect(misordered(movedTier(usualTiers(NAMES), 0, 1))).toEqual([1])
  })
})
