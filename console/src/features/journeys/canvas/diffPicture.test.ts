import { describe, expect, it } from 'vitest'
import type { GraphDiff } from '../journeys.api'
import { pictureOf } from './diffPicture'
import { connect, emptyGraph, type Graph, type JourneyNode } from './graph'

const node = (id: string, y: number): JourneyNode => ({ id, kind: id === 's' ? 'start' : 'wait', name: id, config: {}, position: { x: 0, y } })
const made = (nodes: JourneyNode[], ...lines: [string, string][]): Graph => lines.reduce<Graph>((graph, [source, target]) => connect(graph, source, 'next', target), { ...emptyGraph(), nodes })
const BEFORE = made([node('s', 0), node('old', 160), node('w', 320)], ['s', 'old'], ['old', 'w'])
const AFTER = made([node('s', 0), node('new', 160), node('w', 320)], ['s', 'new'], ['new', 'w'])
const DIFF: GraphDiff = {
  nodes: { added: [{ id: 'new', name: 'new' }], removed: [{ id: 'old', name: 'old' }], changed: [] },
  edges: { added: [{ source: 'new', branch: 'next', target: 'w' }], removed: [{ source: 'old', branch: 'next', target: 'w' }], changed: [{ source: 's', branch: 'next', target: 'new', target_before: 'old' }] },
  settings: [],
  words: [],
}

describe('pictureOf', () => {
  it('test_removed__stands_beside_what_took_its_place__with_its_lines', () => {
    const { graph, lines } = pictureOf(DIFF, AFTER, BEFORE)
    const old = graph.nodes.find((one) => one.id === 'old')
    expect(old?.position.y).toBe(160)
    expect(old?.position.x).toBeGreaterThan(200)
    expect(Object.fromEntries(lines)).toEqual({ 's-next-new': 'added', 'new-next-w': 'added', 'gone-s-next-old': 'removed', 'gone-old-next-w': 'removed' })
  })

  it('test_older_graph_not_there_yet__what_is_new_is_drawn', () => {
    const { graph, lines } = pictureOf(DIFF, AFTER, null)
    expect(graph).toBe(AFTER)
    expect([...lines.values()]).toEqual(['added', 'added'])
  })
})
