import { describe, expect, it } from 'vitest'
import { circlesFor, common, distanceFor, fitted, lensArea } from './geometry'

describe('geometry', () => {
  it('test_lens__apart_and_inside__nothing_and_the_smaller_circle', () => {
    expect(lensArea(2, 1, 3)).toBe(0)
    expect(lensArea(2, 1, 0.5)).toBeCloseTo(Math.PI)
  })

  it('test_distance__area_given__circles_share_exactly_that', () => {
    for (const area of [0.3, 1, 2.5]) expect(lensArea(1.5, 1, distanceFor(1.5, 1, area))).toBeCloseTo(area, 6)
    expect(distanceFor(1, 1, 0)).toBe(2)
  })

  it('test_circles__three_sizes__each_pair_shows_its_own_overlap', () => {
    const [first, second, third] = circlesFor([600, 500, 400], [200, 100, 50])
    if (!first || !second || !third) throw new Error('three circles')
    const apart = (a: { x: number; y: number }, b: { x: number; y: number }): number => Math.hypot(a.x - b.x, a.y - b.y)
    expect(Math.PI * first.radius ** 2).toBeCloseTo(600)
    expect(lensArea(first.radius, second.radius, apart(first, second))).toBeCloseTo(200, 4)
    expect(lensArea(first.radius, third.radius, apart(first, third))).toBeCloseTo(100, 4)
    expect(lensArea(second.radius, third.radius, apart(second, third))).toBeCloseTo(50, 4)
  })

  it('test_circles__empty_segments__no_impossible_number', () => {
    const circles = fitted(circlesFor([0, 0, 0], [0, 0, 0]), 300, 200, 10)
    expect(circles.every((circle) => [circle.x, circle.y, circle.radius].every(Number.isFinite))).toBe(true)
  })

  it('test_fitted__any_circles__inside_the_box', () => {
    for (const circle of fitted(circlesFor([900, 30, 400], [30, 10, 0]), 300, 200, 10)) {
      expect(circle.x - circle.radius).toBeGreaterThanOrEqual(9.99)
      expect(circle.x + circle.radius).toBeLessThanOrEqual(290.01)
      expect(circle.y + circle.radius).toBeLessThanOrEqual(190.01)
    }
  })

  it('test_common__regions_of_three__pairs_include_what_all_share', () => {
    const regions = [{ segments: ['a'], count: 5 }, { segments: ['a', 'b'], count: 3 }, { segments: ['a', 'b', 'c'], count: 2 }]
    expect(common(regions, ['a', 'b'])).toBe(5)
    expect(common(regions, ['b', 'c'])).toBe(2)
    expect(common(regions, ['a'])).toBe(10)
  })
})
