import { flushPromises, mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { defineComponent, h, ref } from 'vue'
import { createMemoryHistory, createRouter, RouterView } from 'vue-router'
import { ProblemError } from '@/shared/http/problems'
import { changeNode, emptyGraph, findNode, type Graph, type JourneyNode } from '../canvas/graph'
import * as api from '../journeys.api'
import { useDraft, type Draft } from './useDraft'

const PAUSE_MS = 1_300
const node = (id: string): JourneyNode => ({ id, kind: id === 's' ? 'start' : 'action', name: id, config: {}, position: { x: 0, y: 0 } })
const BASE: Graph = { ...emptyGraph(), nodes: [node('s'), node('a')] }
const journey = (graph: Graph, revision: number) => ({ id: 'j', name: 'J', draft: { revision, graph, problems: [], saved_at: null }, live_version: null }) as unknown as api.Journey
const renamed = (graph: Graph, id: string, name: string): Graph => changeNode(graph, id, { name })

/** The draft inside a routed page, as the builder uses it. */
async function begin(): Promise<Draft> {
  let draft: Draft | undefined
  const page = defineComponent({ setup() { draft = useDraft(ref('j'), ref(true)); return () => h('p') } })
  const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/', component: page }] })
  await router.push('/')
  mount({ render: () => h(RouterView) }, { global: { plugins: [router] } })
  await flushPromises()
  if (!draft) throw new Error('the page did not set up')
  return draft
}

describe('useDraft', () => {
  beforeEach(() => {
    vi.useFakeTimers()
    localStorage.clear()
    vi.spyOn(api, 'getJourney').mockResolvedValue(journey(BASE, 4))
  })
  afterEach(() => {
    vi.useRealTimers()
    vi.restoreAllMocks()
  })

  it('test_change__after_a_pause__written_to_the_draft_with_its_revision', async () => {
    const save = vi.spyOn(api, 'saveDraft').mockResolvedValue({ revision: 5, saved_at: '2026-11-28T10:00:00Z', problems: [] })
    const draft = await begin()
    const next = renamed(BASE, 'a', 'Mail')
    draft.change(next)
    expect(draft.state.value).toBe('dirty')
    expect(save).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(PAUSE_MS)
    expect(save).toHaveBeenCalledExactlyOnceWith('j', next, 4)
    expect(draft.state.value).toBe('clean')
    expect(draft.revision.value).toBe(5)
  })

  it('test_change__while_a_save_is_on_its_way__not_called_saved_and_sent_after_it', async () => {
    let answer: (saved: api.SavedDraft) => void = () => undefined
    const save = vi.spyOn(api, 'saveDraft').mockImplementationOnce(() => new Promise((resolve) => (answer = resolve))).mockResolvedValue({ revision: 6, saved_at: '', problems: [] })
    const draft = await begin()
    draft.change(renamed(BASE, 'a', 'first'))
    await vi.advanceTimersByTimeAsync(PAUSE_MS)
    draft.change(renamed(BASE, 'a', 'second'))
    answer({ revision: 5, saved_at: '', problems: [] })
    await flushPromises()
    expect(draft.isDirty.value).toBe(true)
    await vi.advanceTimersByTimeAsync(PAUSE_MS)
    expect(save).toHaveBeenCalledTimes(2)
    expect(save).toHaveBeenLastCalledWith('j', expect.objectContaining({ nodes: [node('s'), { ...node('a'), name: 'second' }] }), 5)
  })

  it('test_conflict__mine_kept__joined_with_theirs_and_saved_on_their_revision', async () => {
    const theirs = renamed(BASE, 's', 'theirs')
    const save = vi.spyOn(api, 'saveDraft').mockRejectedValueOnce(new ProblemError({ status: 409, code: 'journeys.draft_changed', facts: { revision: 9, graph: theirs, changed_by: 'nadia', changed_at: '' } })).mockResolvedValue({ revision: 10, saved_at: '', problems: [] })
    const draft = await begin()
    draft.change(renamed(BASE, 'a', 'mine'))
    await draft.save()
    expect(draft.conflict.value?.changed_by).toBe('nadia')
    await vi.advanceTimersByTimeAsync(PAUSE_MS)
    expect(save).toHaveBeenCalledTimes(1)
    await draft.keepMine()
    expect(save.mock.lastCall?.[2]).toBe(9)
    expect(findNode(draft.graph.value, 's')?.name).toBe('theirs')
    expect(findNode(draft.graph.value, 'a')?.name).toBe('mine')
  })

  it('test_kept__browser_went_away_unsaved__offered_again', async () => {
    vi.spyOn(api, 'saveDraft').mockRejectedValue(new ProblemError({ status: 422, code: 'x' }))
    const draft = await begin()
    draft.change(renamed(BASE, 'a', 'unsaved'))
    await vi.advanceTimersByTimeAsync(PAUSE_MS)
    expect(draft.state.value).toBe('failed')
    const later = await begin()
    expect(later.kept.value?.revision).toBe(4)
    later.takeKept()
    expect(findNode(later.graph.value, 'a')?.name).toBe('unsaved')
  })
})
