import { mount } from '@vue/test-utils'
import UInputNumber from '@nuxt/ui/components/InputNumber.vue'
import { describe, expect, it } from 'vitest'
import { settleFields } from './settleFields'

describe('fields that are still typed into', () => {
  it('test_settle__a_number_half_typed__told_and_the_focus_stays', async () => {
    const field = mount(UInputNumber, { attachTo: document.body, props: { modelValue: 5, increment: false, decrement: false } })
    const input = field.get('input')
    ;(input.element as HTMLInputElement).focus()
    await input.setValue('75')
    expect(field.emitted('update:modelValue')).toBeUndefined()
    settleFields()
    expect(field.emitted('update:modelValue')).toEqual([[75]])
    expect(document.activeElement).toBe(input.element)
    field.unmount()
  })
})
