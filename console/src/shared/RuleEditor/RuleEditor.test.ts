import { afterEach, describe, expect, it, vi } from 'vitest'
import { defineComponent, h, nextTick, shallowRef } from 'vue'
import type { VueWrapper } from '@vue/test-utils'
import type { Field } from '@/shared/FieldPicker/fields'
import { mountApp } from '@/testing/mountApp'
import type { Json } from './json'
import RuleEditor from './RuleEditor.vue'

const field = (name: string, type: Field['type']): Field => ({ name, type, label: name.replaceAll('_', ' '), description: '', category: 'All', data_source: 'dwh', is_nullable: true, freshness: null })
const fields = [field('total_revenue', 'decimal'), field('city', 'text')]
let wrapper: VueWrapper | null = null

function show(rule: Json, extra: Record<string, unknown> = {}): { rule: () => Json; root: VueWrapper } {
  const model = shallowRef<Json>(rule)
  const host = defineComponent(() => () => h(RuleEditor, { modelValue: model.value, fields, label: 'Rules', words: 'words', ...extra, 'onUpdate:modelValue': (next: Json) => (model.value = next) }))
  wrapper = mountApp(host)
  return { rule: () => JSON.parse(JSON.stringify(model.value)) as Json, root: wrapper }
}

const button = (root: VueWrapper, name: string) => {
  const found = root.findAll('button').find((item) => item.text() === name || item.attributes('aria-label') === name)
  if (!found) throw new Error(`no button ${name}`)
  return found
}

afterEach(() => wrapper?.unmount())

describe('RuleEditor', () => {
  it('test_open__rule_with_if__nothing_is_written_and_the_part_stands_as_advanced', async () => {
    const original: Json = { and: [{ '>': [{ var: 'total_revenue' }, 1000] }, { if: [{ '==': [{ var: 'city' }, 'Amman'] }, true, false] }] }
    const { rule, root } = show(original)
    await nextTick()
    expect(root.text()).toContain('Advanced')
    expect(root.text()).toContain('"if"')
    expect(rule()).toEqual(original)
  })

  it('test_any__clicked__and_becomes_or', async () => {
    const { rule, root } = show({ and: [{ '>': [{ var: 'total_revenue' }, 1] }, { '==': [{ var: 'city' }, 'x'] }] })
    await button(root, 'ANY').trigger('click')
    expect(rule()).toEqual({ or: [{ '>': [{ var: 'total_revenue' }, 1] }, { '==': [{ var: 'city' }, 'x'] }] })
  })

  it('test_remove__last_condition__no_rule_left', async () => {
    const { rule, root } = show({ '>': [{ var: 'total_revenue' }, 1] })
    await button(root, 'Remove the condition on total revenue').trigger('click')
    expect(rule()).toBeNull()
    expect(root.text()).toContain('No condition yet')
  })

  it('test_duplicate__condition_in_a_group__stands_twice', async () => {
    const { rule, root } = show({ and: [{ '>': [{ var: 'total_revenue' }, 1] }] })
    await button(root, 'Duplicate the condition on total revenue').trigger('click')
    expect(rule()).toEqual({ and: [{ '>': [{ var: 'total_revenue' }, 1] }, { '>': [{ var: 'total_revenue' }, 1] }] })
  })

  it('test_group__added__other_match_inside', async () => {
    const { rule, root } = show({ and: [{ '>': [{ var: 'total_revenue' }, 1] }] })
    await button(root, 'Group').trigger('click')
    expect(rule()).toEqual({ and: [{ '>': [{ var: 'total_revenue' }, 1] }, { or: [] }] })
  })

  it('test_unknown_field__shown_with_a_warning_and_kept', async () => {
    const original: Json = { '==': [{ var: 'gone' }, 'x'] }
    const { rule, root } = show(original)
    expect(root.text()).toContain('The catalogue does not have this feature')
    expect(rule()).toEqual(original)
  })

  it('test_keys__alt_down_on_a_line__moves_and_keeps_the_focus', async () => {
    const { rule, root } = show({ and: [{ '>': [{ var: 'total_revenue' }, 1] }, { '==': [{ var: 'city' }, 'x'] }] })
    const handle = root.find('[data-line="0"]')
    ;(handle.element as HTMLElement).focus()
    await handle.trigger('keydown', { key: 'ArrowDown', altKey: true })
    await nextTick()
    expect(rule()).toEqual({ and: [{ '==': [{ var: 'city' }, 'x'] }, { '>': [{ var: 'total_revenue' }, 1] }] })
    expect((document.activeElement as HTMLElement).dataset['line']).toBe('1')
    await root.find('[data-line="1"]').trigger('keydown', { key: 'Delete' })
    expect(rule()).toEqual({ and: [{ '==': [{ var: 'city' }, 'x'] }] })
  })

  it('test_read_only__keys_and_tools__change_nothing', async () => {
    const original: Json = { and: [{ '>': [{ var: 'total_revenue' }, 1] }, { '==': [{ var: 'city' }, 'x'] }] }
    const { rule, root } = show(original, { isReadOnly: true })
    await root.find('[data-line="0"]').trigger('keydown', { key: 'Delete' })
    expect(rule()).toEqual(original)
    expect(root.findAll('button').some((item) => item.attributes('aria-label')?.startsWith('Remove'))).toBe(false)
  })

  it('test_behaviour__in_the_rule__drawn_and_unchanged', async () => {
    const original: Json = { '>=': [{ events_count: ['customer.purchase', 30, { '>': [{ var: 'amount' }, 20] }] }, 3] }
    const world = { events: [{ name: 'customer.purchase', label: 'Purchase', fields: [field('amount', 'decimal')] }], hasSegments: true, hasShares: true }
    const { rule, root } = show(original, { world })
    await vi.waitFor(() => expect(root.text()).toContain('Only those where'))
    await vi.waitFor(() => expect(root.text()).toContain('amount'))
    expect(root.text()).not.toContain('Advanced')
    expect(rule()).toEqual(original)
  })

  it('test_long_number__open__shown_with_every_digit_and_changed_as_text', async () => {
    const { rule, root } = show({ '>': [{ var: 'total_revenue' }, { '#number': '12345678901234567890.5' }] })
    await nextTick()
    const input = root.find('input[inputmode="decimal"]')
    expect((input.element as HTMLInputElement).value).toBe('12345678901234567890.5')
    await input.setValue('98765432109876543210')
    await input.trigger('change')
    expect(rule()).toEqual({ '>': [{ var: 'total_revenue' }, { '#number': '98765432109876543210' }] })
    await root.find('input[inputmode="decimal"]').setValue('a lot')
    await root.find('input[inputmode="decimal"]').trigger('change')
    expect(rule()).toEqual({ '>': [{ var: 'total_revenue' }, { '#number': '98765432109876543210' }] })
  })

  it('test_text_function__open__a_normal_line_in_words', async () => {
    const { rule, root } = show({ and: [{ '==': [{ lower: { var: 'city' } }, 'oslo'] }, { '>': [{ length: { var: 'city' } }, 3] }] })
    await nextTick()
    expect(root.text()).not.toContain('Advanced')
    expect(root.text()).toContain('in small letters')
    expect(root.text()).toContain('its length')
    expect(root.findAll('input[role="spinbutton"]')).toHaveLength(1)
    expect(rule()).toEqual({ and: [{ '==': [{ lower: { var: 'city' } }, 'oslo'] }, { '>': [{ length: { var: 'city' } }, 3] }] })
  })
})
