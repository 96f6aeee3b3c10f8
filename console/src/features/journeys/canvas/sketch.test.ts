import { describe, expect, it } from 'vitest'
import { CARD, connect, emptyGraph, type Graph, type JourneyNode } from './graph'
import { partOf } from './part'
import { sketchOf, stepAt, stepsIn } from './sketch'

const COUNT = 500
const node = (place: number): JourneyNode => ({ id: `n${place}`, kind: place === 0 ? 'start' : 'action', name: '', config: {}, position: { x: (place % 20) * 280, y: Math.floor(place / 20) * 180 } })
const nodes = Array.from({ length: COUNT }, (_none, place) => node(place))
const graph = nodes.slice(1).reduce<Graph>((made, one, place) => connect(made, `n${place}`, place === 0 ? 'next' : 'success', one.id), { ...emptyGraph(), nodes })
const NONE: ReadonlySet<string> = new Set()
const plain = { nodes: NONE, edges: NONE, ringOf: () => '', toneOf: () => '' }
const count = (path: string): number => path.split('M').length - 1

describe('sketch', () => {
  it('test_sketch__five_hundred_steps__a_handful_of_paths', () => {
    const sketch = sketchOf(graph, plain)
    expect(count(sketch.cards)).toBe(COUNT)
    expect(sketch.bars.map((one) => [one.kind, count(one.path)])).toEqual([['start', 1], ['action', COUNT - 1]])
    expect(sketch.lines.map((one) => [one.tone, count(one.path)])).toEqual([['', COUNT - 1]])
    expect(sketch.rings).toEqual([])
  })

  it('test_sketch__what_is_drawn_step_by_step__left_out', () => {
    const part = partOf(graph, null, new Set(['n40']))
    expect([...part.nodes].sort()).toEqual(['n39', 'n40', 'n41'])
    const sketch = sketchOf(graph, { ...plain, ...part })
    expect(count(sketch.cards)).toBe(COUNT - 3)
    expect(count(sketch.lines[0]?.path ?? '')).toBe(COUNT - 1 - 2)
  })

  it('test_sketch__marked__ringed_and_drawn_in_their_tone', () => {
    const sketch = sketchOf(graph, { ...plain, ringOf: (one) => (one.id === 'n1' ? 'wrong' : ''), toneOf: (edge) => (edge.source === 'n0' ? 'trail' : '') })
    expect(sketch.rings.map((one) => one.tone)).toEqual(['wrong'])
    expect(sketch.lines.map((one) => [one.tone, count(one.path)])).toEqual([['trail', 1], ['', COUNT - 2]])
  })

  it('test_places__a_point_and_a_box__the_steps_there', () => {
    expect(stepAt(graph, { x: 280 + CARD.width, y: 180 })?.id).toBe('n21')
    expect(stepAt(graph, { x: 280 - 10, y: 180 })).toBeUndefined()
    expect(stepsIn(graph, { x: 270, y: -10, width: 300, height: 200 })).toEqual(['n1', 'n2', 'n21', 'n22'])
  })
})
