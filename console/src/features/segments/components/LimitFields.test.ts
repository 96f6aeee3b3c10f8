import { afterEach, describe, expect, it } from 'vitest'
import { defineComponent, h, shallowRef } from 'vue'
import type { VueWrapper } from '@vue/test-utils'
import type { Field } from '@/shared/FieldPicker/fields'
import { mountApp } from '@/testing/mountApp'
import segments from '../locales/en.json'
import type { Limit } from '../segments.api'
import LimitFields from './LimitFields.vue'

const field = (name: string, type: Field['type']): Field => ({ name, type, label: name, description: '', category: 'All', data_source: 'dwh', is_nullable: true, freshness: null })
let wrapper: VueWrapper | null = null
afterEach(() => wrapper?.unmount())

function show(first: Limit | null): { limit: () => Limit | null; root: VueWrapper } {
  const limit = shallowRef(first)
  wrapper = mountApp(defineComponent(() => () => h(LimitFields, { limit: limit.value, fields: [field('city', 'text'), field('visits', 'integer'), field('churn_score', 'decimal')], onChange: (next: Limit | null) => (limit.value = next) })), {}, { segments })
  return { limit: () => limit.value, root: wrapper }
}

describe('LimitFields', () => {
  it('test_switch__on_and_off__a_score_of_the_catalogue_and_nothing', async () => {
    const { limit, root } = show(null)
    await root.find('button[role="switch"]').trigger('click')
    expect(limit()).toEqual({ count: 1000, by: { var: 'churn_score' }, order: 'descending' })
    await root.find('button[role="switch"]').trigger('click')
    expect(limit()).toBeNull()
  })

  it('test_score_written_by_hand__shown_as_it_is', () => {
    const by = { '*': [{ var: 'visits' }, 2] }
    const { limit, root } = show({ count: 5, by, order: 'ascending' })
    expect(root.text()).toContain(JSON.stringify(by))
    expect(limit()?.by).toEqual(by)
  })
})
