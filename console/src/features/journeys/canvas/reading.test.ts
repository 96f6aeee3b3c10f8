import { describe, expect, it } from 'vitest'
import type { GraphDiff } from '../journeys.api'
import { groupsOf, marksOf, type DiffWords } from './diffWords'
import { connect, emptyGraph, type Graph, type JourneyNode } from './graph'
import { trailOf } from './trail'

const words: DiffWords = { group: (key) => key, step: (id) => id.toUpperCase(), branch: (branch) => branch, field: (path) => path.replace('config.', ''), kind: (node) => node.kind ?? 'step' }
const NOTHING: GraphDiff = { nodes: { added: [], removed: [], changed: [] }, edges: { added: [], removed: [], changed: [] }, settings: [], words: [] }

describe('groupsOf', () => {
  it('test_groups__added_changed_and_redirected__each_in_its_group', () => {
    const groups = groupsOf({
      ...NOTHING,
      nodes: { added: [{ id: 'a', name: 'New', kind: 'wait' }], removed: [], changed: [{ id: 'b', name: 'Mail', fields: [{ path: 'config.subject', before: 'Old', after: 'New' }] }] },
      edges: { added: [], removed: [], changed: [{ source: 'b', branch: 'success', target: 'a', target_before: 'c' }] },
    }, words)
    expect(groups.map((group) => [group.key, group.changes.length])).toEqual([['nodes', 2], ['edges', 1]])
    expect(groups[0]?.changes[0]).toMatchObject({ name: 'New', before: null, after: 'wait' })
    expect(groups[0]?.changes[1]).toMatchObject({ name: 'Mail: subject', before: 'Old', after: 'New' })
    expect(groups[1]?.changes[0]).toMatchObject({ name: 'B: success', before: 'C', after: 'A' })
  })

  it('test_groups__step_only_moved__no_change_and_no_mark', () => {
    const moved: GraphDiff = { ...NOTHING, nodes: { ...NOTHING.nodes, changed: [{ id: 'b', name: 'Mail', fields: [{ path: 'position.x', before: 0, after: 9 }] }] } }
    expect(groupsOf(moved, words)).toEqual([])
    expect(marksOf(moved).size).toBe(0)
  })
})

describe('trailOf', () => {
  const node = (id: string, kind: JourneyNode['kind']): JourneyNode => ({ id, kind, name: id, config: {}, position: { x: 0, y: 0 } })
  const graph: Graph = [['s', 'next', 'm'], ['m', 'success', 'e'], ['m', 'failure', 's2']].reduce<Graph>((made, [source = '', branch = '', target = '']) => connect(made, source, branch, target), { ...emptyGraph(), nodes: [node('s', 'start'), node('m', 'action'), node('e', 'end'), node('s2', 'end')] })

  it('test_trail__a_way__steps_in_turn_and_the_lines_between', () => {
    const trail = trailOf(graph, [{ node_id: 's', branch: 'next' }, { node_id: 'm', branch: 'success' }, { node_id: 'e', branch: null }])
    expect([...trail.nodes]).toEqual([['s', [1]], ['m', [2]], ['e', [3]]])
    expect([...trail.edges].sort()).toEqual(['m-success-e', 's-next-m'])
  })

  it('test_trail__skip_without_a_line_of_its_own__shown_on_the_line_taken', () => {
    const trail = trailOf(graph, [{ node_id: 'm', branch: 'skip' }, { node_id: 'e', branch: null }])
    expect([...trail.edges]).toEqual(['m-success-e'])
  })

  it('test_trail__still_waiting__no_line_beyond', () => {
    expect(trailOf(graph, [{ node_id: 'm', branch: null }]).edges.size).toBe(0)
  })
})
