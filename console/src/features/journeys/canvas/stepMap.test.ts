import { describe, expect, it } from 'vitest'
import type { JourneyNode } from './graph'
import { boundsOf, centredOn, joined, pathOf, windowOf } from './stepMap'

const CARD = { width: 200, height: 100 }
const at = (id: string, x: number, y: number): JourneyNode => ({ id, kind: 'wait', name: id, config: {}, position: { x, y } })

describe('map of the steps', () => {
  it('test_path__two_steps__a_rectangle_for_each', () => {
    expect(pathOf([at('a', 0, 0), at('b', -40, 160)], CARD)).toBe('M0,0h200v100h-200zM-40,160h200v100h-200z')
    expect(pathOf([], CARD)).toBe('')
  })

  it('test_bounds__steps_apart__around_all_with_air', () => {
    expect(boundsOf([at('a', 0, 0), at('b', 800, 300)], CARD)).toEqual({ x: -60, y: -60, width: 1_120, height: 520 })
    expect(boundsOf([], CARD)).toBeNull()
  })

  it('test_window__moved_and_zoomed__what_is_in_sight_and_back', () => {
    const view = { x: -100, y: 50, zoom: 0.5, width: 1_000, height: 600 }
    const seen = windowOf(view)
    expect(seen).toEqual({ x: 200, y: -100, width: 2_000, height: 1_200 })
    expect(centredOn({ x: seen.x + seen.width / 2, y: seen.y + seen.height / 2 }, view)).toEqual({ x: view.x, y: view.y })
  })

  it('test_joined__one_beside_the_other__the_box_around_both', () => {
    expect(joined({ x: 0, y: 0, width: 10, height: 10 }, { x: 20, y: -5, width: 10, height: 10 })).toEqual({ x: 0, y: -5, width: 30, height: 15 })
    expect(joined(null, { x: 1, y: 2, width: 3, height: 4 })).toEqual({ x: 1, y: 2, width: 3, height: 4 })
  })
})
