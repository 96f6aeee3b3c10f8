import { flushPromises } from '@vue/test-utils'
import { h, ref } from 'vue'
import { describe, expect, it } from 'vitest'
import { mountApp } from '@/testing/mountApp'
import texts from '../locales/en.json'
import { moved } from '../document/lists'
import DragHandle from './DragHandle.vue'
import type { Handle } from './handle'
import SortableList from './SortableList.vue'

function mounted(isReadOnly = false) {
  const items = ref(['one', 'two', 'three'])
  const Host = { setup: () => () => h(SortableList<string>, {
    items: items.value, nameOf: (item: string) => item, keyOf: (item: string) => item, isReadOnly,
    onMove: (from: number, to: number) => { items.value = moved(items.value, from, to) },
  }, { default: ({ handle }: { handle: Handle }) => h(DragHandle, { ...handle }) }) }
  return { wrapper: mountApp(Host, {}, { programs: texts }), items }
}

describe('SortableList', () => {
  it('test_sortable__arrow_down__moved_announced_and_focus_follows', async () => {
    const { wrapper, items } = mounted()
    await wrapper.findAll('[role="button"]')[0]?.trigger('keydown', { key: 'ArrowDown' })
    await flushPromises()
    expect(items.value).toEqual(['two', 'one', 'three'])
    expect(wrapper.find('[aria-live="assertive"]').text()).toBe('one is now at position 2 of 3')
    expect(document.activeElement?.getAttribute('aria-label')).toContain('Move one, position 2 of 3')
    wrapper.unmount()
  })

  it('test_sortable__arrow_up_at_the_top__nothing_moves', async () => {
    const { wrapper, items } = mounted()
    await wrapper.findAll('[role="button"]')[0]?.trigger('keydown', { key: 'ArrowUp' })
    expect(items.value).toEqual(['one', 'two', 'three'])
    wrapper.unmount()
  })

  it('test_sortable__dragged_over_another__line_makes_room', async () => {
    const { wrapper, items } = mounted()
    await wrapper.findAll('[role="button"]')[2]?.trigger('dragstart')
    await wrapper.findAll('li')[0]?.trigger('dragover')
    expect(items.value).toEqual(['three', 'one', 'two'])
    wrapper.unmount()
  })

  it('test_sortable__read_only__keys_do_nothing', async () => {
    const { wrapper, items } = mounted(true)
    await wrapper.findAll('[role="button"]')[0]?.trigger('keydown', { key: 'ArrowDown' })
    expect(items.value).toEqual(['one', 'two', 'three'])
    wrapper.unmount()
  })
})
