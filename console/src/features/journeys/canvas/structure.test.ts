import { describe, expect, it } from 'vitest'
import { connect, disconnect, emptyGraph, type Graph, type JourneyNode, type NodeKind } from './graph'
import { flawsOf } from './structure'

const node = (id: string, kind: NodeKind, config: JourneyNode['config'] = {}): JourneyNode => ({ id, kind, name: id, config, position: { x: 0, y: 0 } })
const made = (nodes: JourneyNode[], ...lines: [string, string, string][]): Graph => lines.reduce<Graph>((graph, [source, branch, target]) => connect(graph, source, branch, target), { ...emptyGraph(), nodes })
const told = (graph: Graph): string[] => flawsOf(graph).map((one) => [one.code, one.node?.id, one.branch].filter(Boolean).join(' '))

const whole = (): Graph => made(
  [node('s', 'start'), node('mail', 'action'), node('c', 'condition'), node('w', 'wait', { mode: 'duration' }), node('e', 'end')],
  ['s', 'next', 'mail'], ['mail', 'success', 'c'], ['c', 'yes', 'w'], ['c', 'no', 'e'], ['w', 'next', 'e'],
)

describe('flawsOf', () => {
  it('test_whole__nothing_to_say', () => expect(told(whole())).toEqual([]))

  it('test_empty__no_start_and_no_end', () => expect(told(emptyGraph())).toEqual(['start_missing', 'end_missing']))

  it('test_lines__taken_away__the_way_and_what_it_led_to_are_told', () => {
    expect(told(disconnect(whole(), new Set(['c-yes-w'])))).toEqual(['branch_missing c yes', 'unreachable w'])
  })

  it('test_lines__two_out_of_one_way__told_on_the_second', () => {
    const graph = whole()
    const twice = { ...graph, edges: [...graph.edges, { id: 'again', source: 'c', branch: 'no', target: 'w' }] }
    expect(flawsOf(twice).map((one) => [one.code, one.edge?.id])).toEqual([['branch_twice', 'again']])
  })

  it('test_lines__out_of_no_way_into_the_start_or_to_nowhere__each_is_told', () => {
    const graph = whole()
    const edges = [...graph.edges, { id: '1', source: 'c', branch: 'maybe', target: 'w' }, { id: '2', source: 'mail', branch: 'failure', target: 's' }, { id: '3', source: 'mail', branch: 'skip', target: 'gone' }]
    expect(told({ ...graph, edges })).toEqual(expect.arrayContaining(['branch_unknown c maybe', 'edge_into_start s', 'edge_dangling mail']))
  })

  it('test_circles__without_a_wait_an_error__with_one_a_warning_until_bounded', () => {
    const restless = connect(whole(), 'c', 'yes', 'mail')
    expect(told(restless)).toContain('cycle_without_wait mail')
    const paused = connect(whole(), 'w', 'next', 'mail')
    expect(flawsOf(paused)).toEqual([expect.objectContaining({ code: 'cycle_unbounded', severity: 'warning' })])
    expect(told({ ...paused, settings: { ...paused.settings, max_duration_days: 30 } })).toEqual([])
  })

  it('test_circles__that_nobody_leaves__no_way_out', () => {
    const graph = made([node('s', 'start'), node('w', 'wait'), node('v', 'wait'), node('e', 'end')], ['s', 'next', 'w'], ['w', 'next', 'v'], ['v', 'next', 'w'])
    expect(told(graph)).toEqual(expect.arrayContaining(['no_way_out w', 'no_way_out v', 'unreachable e']))
  })

  it('test_large__five_hundred_steps_in_a_ring__found_at_once', () => {
    const nodes = Array.from({ length: 500 }, (_none, place) => node(`n${place}`, 'action'))
    const graph = { ...emptyGraph(), nodes: [node('s', 'start'), ...nodes, node('e', 'end')], edges: [{ id: 'in', source: 's', branch: 'next', target: 'n0' }, ...nodes.map((one, place) => ({ id: one.id, source: one.id, branch: 'success', target: `n${(place + 1) % 500}` }))] }
    expect(told(graph).filter((one) => one.startsWith('cycle'))).toEqual(['cycle_without_wait n0'])
  })
})
