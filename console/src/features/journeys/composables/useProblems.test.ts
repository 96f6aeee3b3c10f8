import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { defineComponent, h, nextTick, ref, shallowRef } from 'vue'
import { createI18n } from 'vue-i18n'
import { changeNode, disconnect, connect, emptyGraph, type Graph, type JourneyNode } from '../canvas/graph'
import type { Problem } from '../journeys.api'
import en from '../locales/en.json'
import { useProblems } from './useProblems'
import type { StepWords } from './useStepWords'

const node = (id: string, kind: JourneyNode['kind']): JourneyNode => ({ id, kind, name: id.toUpperCase(), config: {}, position: { x: 0, y: 0 } })
const WHOLE: Graph = [['s', 'next', 'a'], ['a', 'success', 'e']].reduce<Graph>((graph, [source = '', branch = '', target = '']) => connect(graph, source, branch, target), { ...emptyGraph(), nodes: [node('s', 'start'), node('a', 'action'), node('e', 'end')] })
const told = (code: string, node_id: string): Problem => ({ code, severity: 'error', node_id, edge_id: null, field: null, message: code, repair: '' })

function begin(graph: Graph, problems: Problem[]) {
  const current = shallowRef(graph)
  const server = ref<readonly Problem[]>(problems)
  let found: ReturnType<typeof useProblems> | undefined
  const page = defineComponent({ setup() { found = useProblems(current, server, { branch: (code: string) => code } as unknown as StepWords); return () => h('p') } })
  mount(page, { global: { plugins: [createI18n({ legacy: false, locale: 'en', messages: { en: { journeys: en } as unknown as Record<string, never> } })] } })
  if (!found) throw new Error('the page did not set up')
  return { current, found }
}

describe('useProblems', () => {
  it('test_line_taken_away__told_before_the_server_knows', async () => {
    const { current, found } = begin(WHOLE, [told('journeys.field_missing', 'a')])
    expect(found.value.map((one) => one.code)).toEqual(['journeys.field_missing'])
    current.value = disconnect(WHOLE, new Set(['a-success-e']))
    await nextTick()
    expect(found.value.map((one) => one.message)).toEqual(expect.arrayContaining(['A leads nowhere at “success”', 'Nobody can come to E', 'journeys.field_missing']))
  })

  it('test_told_by_the_server__of_a_step_that_is_gone_or_found_here_too__left_out', () => {
    const { found } = begin(WHOLE, [told('journeys.field_missing', 'gone'), told('journeys.unreachable', 'a')])
    expect(found.value).toEqual([])
  })

  it('test_typing_a_name__the_same_list__so_that_no_step_is_redrawn', async () => {
    const { current, found } = begin(WHOLE, [told('journeys.field_missing', 'a')])
    const before = found.value
    current.value = changeNode(WHOLE, 'a', { name: 'Another' })
    await nextTick()
    expect(found.value).toBe(before)
  })
})
