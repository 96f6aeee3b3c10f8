import { describe, expect, it } from 'vitest'
import { addNote, changeNote, connect, emptyGraph, findNode, notesOf, type Graph, type JourneyNode } from './graph'
import { changedParts, mergeGraphs } from './merge'

const node = (id: string, name = id, y = 0): JourneyNode => ({ id, kind: id === 's' ? 'start' : 'action', name, config: {}, position: { x: 0, y } })
const graph = (nodes: JourneyNode[], ...lines: [string, string, string][]): Graph => lines.reduce<Graph>((made, [source, branch, target]) => connect(made, source, branch, target), { ...emptyGraph(), nodes })
const base = graph([node('s'), node('a'), node('b')], ['s', 'next', 'a'], ['a', 'success', 'b'])

describe('mergeGraphs', () => {
  it('test_merge__different_steps_changed__both_changes_stand', () => {
    const mine = graph([node('s'), node('a', 'mine'), node('b')], ['s', 'next', 'a'], ['a', 'success', 'b'])
    const theirs = graph([node('s'), node('a'), node('b', 'theirs'), node('c')], ['s', 'next', 'a'], ['a', 'success', 'b'], ['b', 'success', 'c'])
    const merged = mergeGraphs(base, mine, theirs)
    expect(merged.nodes.map((one) => one.name)).toEqual(['s', 'mine', 'theirs', 'c'])
    expect(merged.edges).toHaveLength(3)
  })

  it('test_merge__same_step_changed__mine_counts', () => {
    expect(findNode(mergeGraphs(base, graph([node('s'), node('a', 'mine'), node('b')]), graph([node('s'), node('a', 'theirs'), node('b')])), 'a')?.name).toBe('mine')
  })

  it('test_merge__step_removed_there_and_changed_here__my_work_stays', () => {
    const merged = mergeGraphs(base, graph([node('s'), node('a'), node('b', 'mine')], ['s', 'next', 'a'], ['a', 'success', 'b']), graph([node('s'), node('a')], ['s', 'next', 'a']))
    expect(findNode(merged, 'b')?.name).toBe('mine')
  })

  it('test_merge__step_removed_here__gone_with_the_lines_to_it', () => {
    const merged = mergeGraphs(base, graph([node('s'), node('a')], ['s', 'next', 'a']), { ...base, nodes: [node('s', 'theirs'), node('a'), node('b')] })
    expect(merged.nodes.map((one) => one.id)).toEqual(['s', 'a'])
    expect(merged.edges.map((edge) => edge.id)).toEqual(['s-next-a'])
  })

  it('test_merge__same_way_led_elsewhere__one_line_and_it_is_mine', () => {
    const mine = connect(base, 's', 'next', 'b')
    const theirs = connect({ ...base, nodes: [...base.nodes, node('c')] }, 's', 'next', 'c')
    expect(mergeGraphs(base, mine, theirs).edges.filter((edge) => edge.source === 's').map((edge) => edge.target)).toEqual(['b'])
  })

  it('test_merge__both_added_a_step_under_one_name__both_stay_with_their_lines', () => {
    const mine = connect({ ...base, nodes: [...base.nodes, node('n4', 'mine')] }, 'b', 'success', 'n4')
    const theirs = connect({ ...base, nodes: [...base.nodes, node('n4', 'theirs')] }, 'a', 'failure', 'n4')
    const merged = mergeGraphs(base, mine, theirs)
    expect(merged.nodes.slice(3).map((one) => one.name)).toEqual(['theirs', 'mine'])
    const added = merged.nodes.find((one) => one.name === 'mine')?.id ?? ''
    expect(added).not.toBe('n4')
    expect(merged.edges.map((edge) => edge.id).sort()).toEqual(['a-failure-n4', 'a-success-b', `b-success-${added}`, 's-next-a'])
    // What both added alike (pasted, brought back) is one.
    expect(mergeGraphs(base, theirs, theirs).nodes).toHaveLength(4)
  })

  it('test_merge__notes__mine_and_theirs_side_by_side', () => {
    const first = addNote(base, { x: 0, y: 0 })?.graph ?? base
    const mine = changeNote(first, 'note1', { text: 'mine' })
    const theirs = changeNote(addNote(base, { x: 400, y: 0 })?.graph ?? base, 'note1', { text: 'theirs' })
    expect(notesOf(mergeGraphs(base, mine, theirs)).map((note) => note.text)).toEqual(['theirs', 'mine'])
    expect(changedParts(base, mine)).toEqual({ 'note note1': { before: null, after: 'mine' } })
    expect(notesOf(mergeGraphs(first, base, first))).toEqual([])
  })

  it('test_changed_parts__only_moved__nothing_changed', () => {
    expect(changedParts(base, { ...base, nodes: base.nodes.map((one) => ({ ...one, position: { x: 500, y: 5 } })) })).toEqual({})
  })

  it('test_changed_parts__step_line_and_setting__each_named', () => {
    const after = { ...connect({ ...base, nodes: [node('s'), node('a', 'new name'), node('b')] }, 's', 'next', 'b'), settings: { ...base.settings, holdout_percent: 5 } }
    expect(Object.keys(changedParts(base, after))).toEqual(['node a', 'edges', 'settings holdout_percent'])
  })
})
