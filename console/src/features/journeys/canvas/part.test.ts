import { describe, expect, it } from 'vitest'
import { CARD, emptySettings, type Graph } from './graph'
import { boxAround, partOf } from './part'

const node = (id: string, x: number, y: number) => ({ id, kind: 'action' as const, name: id, config: {}, position: { x, y } })
const edge = (source: string, target: string) => ({ id: `${source}-${target}`, source, target, branch: 'success' })
const graph = (nodes: Graph['nodes'], edges: Graph['edges'] = []): Graph => ({ nodes, edges, settings: emptySettings() })
const box = { x: 0, y: 0, width: 1_000, height: 800 }
const none: ReadonlySet<string> = new Set()

describe('the part of a journey that is drawn', () => {
  it('is what lies in the box, also by an edge of a card', () => {
    const part = partOf(graph([node('in', 10, 10), node('cut', -CARD.width + 1, 400), node('beside', -CARD.width, 400), node('below', 0, 800)]), box, none)
    expect([...part.nodes]).toEqual(['in', 'cut'])
  })

  it('holds the far ends of the lines of what is in it, but not their other lines', () => {
    const part = partOf(graph([node('in', 0, 0), node('far', 0, 5_000), node('farther', 0, 6_000)], [edge('in', 'far'), edge('far', 'farther')]), box, none)
    expect([...part.nodes]).toEqual(['in', 'far'])
    expect([...part.edges]).toEqual(['in-far'])
  })

  it('holds a line that crosses the box though both ends are away, and none that goes around it', () => {
    const crossing = partOf(graph([node('above', 400, -2_000), node('below', 400, 2_000)], [edge('above', 'below')]), box, none)
    expect([...crossing.edges]).toEqual(['above-below'])
    // Down on the far left, across far below, and down again: the box lies between, but no part of the way.
    const around = partOf(graph([node('above', -3_000, -1_000), node('below', 3_000, 9_000)], [edge('above', 'below')]), box, none)
    expect([...around.edges]).toEqual([])
    const across = partOf(graph([node('left', -3_000, -1_000), node('right', 3_000, 2_000)], [edge('left', 'right')]), box, none)
    expect([...across.edges]).toEqual(['left-right'])
  })

  it('holds a way back up that may pass through the box', () => {
    const part = partOf(graph([node('below', 400, 3_000), node('above', 400, -3_000)], [edge('below', 'above')]), box, none)
    expect([...part.edges]).toEqual(['below-above'])
  })

  it('keeps what is to be kept, with its lines, and forgets what is no longer there', () => {
    const part = partOf(graph([node('in', 0, 0), node('held', 9_000, 0), node('next', 9_000, 160)], [edge('held', 'next')]), box, new Set(['held', 'gone']))
    expect([...part.nodes].sort()).toEqual(['held', 'in', 'next'])
  })

  it('leaves out a line whose end is missing', () => {
    expect([...partOf(graph([node('in', 0, 0)], [edge('in', 'nobody')]), box, none).edges]).toEqual([])
  })
})

describe('the box that is drawn', () => {
  const sight = { x: 0, y: 0, width: 1_000, height: 800 }

  it('stays the same one until half of its air is used up', () => {
    const first = boxAround(sight, null)
    expect(boxAround({ ...sight, x: 150 }, first)).toBe(first)
    const next = boxAround({ ...sight, x: 170 }, first)
    expect(next).not.toBe(first)
    expect(next.x).toBe(first.x + 170)
  })

  it('shrinks after zooming in and grows with zooming out', () => {
    const far = boxAround({ x: 0, y: 0, width: 6_000, height: 5_000 }, null)
    const near = boxAround(sight, far)
    expect(near.width).toBeLessThan(far.width)
    expect(boxAround({ x: 0, y: 0, width: 6_000, height: 5_000 }, near).width).toBe(far.width)
  })
})
