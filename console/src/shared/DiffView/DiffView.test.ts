import { describe, expect, it } from 'vitest'
import { mountApp } from '@/testing/mountApp'
import DiffView from './DiffView.vue'

describe('DiffView', () => {
  it('test_diff__changed_added_and_removed__both_sides_and_a_count', () => {
    const wrapper = mountApp(DiffView, {
      beforeLabel: 'Version 1', afterLabel: 'Version 2',
      groups: [{ key: 'caps', title: 'Caps', changes: [
        { key: 'a', name: 'Daily', words: 'The cap rises.', before: '100', after: '200' },
        { key: 'b', name: 'Monthly', before: null, after: '900' },
        { key: 'c', name: 'Weekly', before: '300', after: null },
      ] }],
    })
    expect(wrapper.find('[role="status"]').text()).toBe('3 changes')
    expect(wrapper.findAll('dd').map((side) => side.text())).toEqual(['100', '200', 'nothing', '900', '300', 'nothing'])
    expect(wrapper.text()).toContain('The cap rises.')
    wrapper.unmount()
  })
})
