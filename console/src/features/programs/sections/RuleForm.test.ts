import { h, shallowRef } from 'vue'
import { describe, expect, it } from 'vitest'
import type { Json } from '@/shared/RuleEditor'
import { mountApp } from '@/testing/mountApp'
import texts from '../locales/en.json'
import RuleForm from './RuleForm.vue'

const RATE: Json = { '*': [{ var: 'transaction_amount' }, 2] }
const ON_DATA: Json = { '==': [{ var: 'product_category' }, 'data'] }
const FACTS = [{ name: 'product_category', label: 'Product category', type: 'text' as const, description: '', category: 'Purchase', data_source: '', is_nullable: true, freshness: null }]

function mounted(first: Json) {
  const rule = shallowRef<Json>(first)
  const Host = { setup: () => () => h(RuleForm, { rule: rule.value, label: 'Gives', currency: 'USD', facts: FACTS, kinds: ['rate', 'threshold', 'category', 'fixed'], onChange: (next: Json) => (rule.value = next) }) }
  return { wrapper: mountApp(Host, {}, { programs: texts }), rule }
}

describe('RuleForm', () => {
  it('test_rule_form__condition_of_a_category__stays_a_condition_while_it_is_edited', async () => {
    const { wrapper, rule } = mounted({ if: [{ and: [ON_DATA, ON_DATA] }, RATE, 0] })
    expect(wrapper.findAll('[aria-label^="Remove the condition"]')).toHaveLength(2)
    await wrapper.find('[aria-label^="Remove the condition"]').trigger('click')
    // One comparison of a category is also what the form "by category" writes; the screen must not jump there.
    expect(rule.value).toEqual({ if: [{ and: [ON_DATA] }, RATE, 0] })
    expect(wrapper.findAll('[aria-label^="Remove the condition"]')).toHaveLength(1)
    wrapper.unmount()
  })

  it('test_rule_form__condition_switched_off__what_it_gives_stays', async () => {
    const { wrapper, rule } = mounted({ if: [{ '>': [{ var: 'quantity' }, 3] }, RATE, 0] })
    await wrapper.find('[role="switch"]').trigger('click')
    expect(rule.value).toEqual(RATE)
    wrapper.unmount()
  })

  it('test_rule_form__rule_of_another_shape__kept_as_json', () => {
    const { wrapper } = mounted({ '+': [RATE, 5] })
    expect(wrapper.text()).toContain(texts.customRule)
    expect(wrapper.find('[role="switch"]').exists()).toBe(false)
    wrapper.unmount()
  })
})
