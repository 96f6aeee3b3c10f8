import { flushPromises, mount } from '@vue/test-utils'
import { describe, expect, it, vi } from 'vitest'
import { computed, defineComponent, h, ref } from 'vue'
import { createMemoryHistory, createRouter, RouterView } from 'vue-router'
import type { Tagged } from '@/shared/http/client'
import { ProblemError } from '@/shared/http/problems'
import { useEditing, type EditingOptions } from './useEditing'

interface Draft { name: string; cap: number }
interface Thing extends Draft { id: string }
type Options = EditingOptions<Thing, Draft>

const tagged = (thing: Thing, etag: string): Tagged<Thing> => ({ data: thing, etag })
const FIRST: Thing = { id: 'a', name: 'First', cap: 1 }

/** The composable inside a routed page, as it is used. */
async function edit(given: Partial<Options>, id: string | null = 'a') {
  const wanted = ref(id)
  const options: Options = {
    id: computed(() => wanted.value),
    blank: () => ({ name: '', cap: 0 }),
    draftOf: ({ name, cap }) => ({ name, cap }),
    load: () => Promise.resolve(tagged(FIRST, '"1"')),
    create: (draft) => Promise.resolve({ ...draft, id: 'new' }),
    save: (_id, part) => Promise.resolve(tagged({ ...FIRST, ...part }, '"2"')),
    ...given,
  }
  let editing: ReturnType<typeof useEditing<Thing, Draft>> | undefined
  const page = defineComponent({ setup() { editing = useEditing(options); return () => h('p') } })
  const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/', component: page }] })
  await router.push('/')
  mount({ render: () => h(RouterView) }, { global: { plugins: [router] } })
  await flushPromises()
  if (!editing) throw new Error('the page did not set up')
  return editing
}

describe('useEditing', () => {
  it('test_save__one_field_changed__only_that_field_and_the_etag_are_sent', async () => {
    const save = vi.fn<Options['save']>((_id, part) => Promise.resolve(tagged({ ...FIRST, ...part }, '"2"')))
    const editing = await edit({ save })
    editing.edit({ cap: 5 })
    expect(editing.state.value).toBe('dirty')
    await editing.save()
    expect(save).toHaveBeenCalledExactlyOnceWith('a', { cap: 5 }, '"1"')
    expect(editing.state.value).toBe('clean')
    expect(editing.etag.value).toBe('"2"')
  })

  it('test_save__refused__draft_stays_and_the_field_has_its_message', async () => {
    const editing = await edit({ save: () => Promise.reject(new ProblemError({ status: 422, code: 'x', fields: [{ field: 'cap', code: 'y', message: 'too much' }] })) })
    editing.edit({ cap: 9 })
    expect(await editing.save()).toBeNull()
    expect(editing.draft.value.cap).toBe(9)
    expect(editing.errorOf('cap')).toBe('too much')
    expect(editing.state.value).toBe('failed')
  })

  it('test_save__changed_elsewhere__conflict_names_both_sides_and_mine_goes_on_theirs', async () => {
    const theirs = { ...FIRST, name: 'Theirs' }
    const load = vi.fn<Options['load']>().mockResolvedValueOnce(tagged(FIRST, '"1"')).mockResolvedValue(tagged(theirs, '"7"'))
    const save = vi.fn<Options['save']>().mockRejectedValueOnce(new ProblemError({ status: 412, code: 'edit.conflict' })).mockImplementation((_id, part) => Promise.resolve(tagged({ ...theirs, ...part }, '"8"')))
    const editing = await edit({ load, save })
    editing.edit({ cap: 5 })
    await editing.save()
    expect(editing.conflict.value).toMatchObject({ mineFields: ['cap'], theirFields: ['name'] })
    editing.keepMine()
    expect(editing.draft.value).toEqual({ name: 'Theirs', cap: 5 })
    await editing.save()
    expect(save).toHaveBeenLastCalledWith('a', { cap: 5 }, '"7"')
  })

  it('test_take_theirs__conflict__nothing_unsaved_is_left', async () => {
    const load = vi.fn<Options['load']>().mockResolvedValueOnce(tagged(FIRST, '"1"')).mockResolvedValue(tagged({ ...FIRST, cap: 3 }, '"7"'))
    const editing = await edit({ load, save: () => Promise.reject(new ProblemError({ status: 412, code: 'edit.conflict' })) })
    editing.edit({ cap: 5 })
    await editing.save()
    editing.takeTheirs()
    expect(editing.draft.value.cap).toBe(3)
    expect(editing.isDirty.value).toBe(false)
  })

  it('test_new__saved__created_once_with_the_whole_draft', async () => {
    const create = vi.fn<Options['create']>((draft) => Promise.resolve({ ...draft, id: 'new' }))
    const editing = await edit({ create }, null)
    editing.edit({ name: 'Fresh' })
    await Promise.all([editing.save(), editing.save()])
    expect(create).toHaveBeenCalledExactlyOnceWith({ name: 'Fresh', cap: 0 })
  })

  it('test_load__not_there__unloadable', async () => {
    const editing = await edit({ load: () => Promise.reject(new ProblemError({ status: 404, code: 'nope' })) })
    expect(editing.state.value).toBe('unloadable')
  })
})
