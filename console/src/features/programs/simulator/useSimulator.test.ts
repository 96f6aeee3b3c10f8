import { describe, expect, it } from 'vitest'
import { blankProgram } from '../document/blank'
import { contextOf, requestOf, sampleOf } from './useSimulator'

describe('sample purchase', () => {
  it('test_context__nothing_said__empty', () => {
    expect(contextOf(sampleOf())).toEqual({})
  })

  it('test_context__facts_said__under_their_names', () => {
    expect(contextOf({ ...sampleOf(), category: ' data ', tax: 19, partner: 'p1' })).toEqual({ product_category: 'data', tax_amount: '19', partner_ref: 'p1' })
  })

  it('test_request__with_lines__their_sum_is_the_amount', () => {
    const request = requestOf({ ...sampleOf(), lines: [{ product_category: 'data', amount: 40 }, { product_category: '', amount: 2.5 }] }, blankProgram())
    expect(request).toMatchObject({ transaction_amount: '42.5', transaction_context: { lines: [{ line_id: '1', amount: '40', product_category: 'data' }, { line_id: '2', amount: '2.5' }] } })
  })

  it('test_request__customer_chosen__their_own_tier_counts', () => {
    const request = requestOf({ ...sampleOf(), tier: 'GOLD', customer: { id: 'c-1', label: 'Mona' } }, blankProgram())
    expect(request.customer_id).toBe('c-1')
    expect(request.tier_code).toBeUndefined()
    expect(requestOf({ ...sampleOf(), tier: 'GOLD' }, blankProgram()).tier_code).toBe('GOLD')
  })

  it('test_request__time_said__on_the_clock_of_the_program', () => {
    expect(requestOf({ ...sampleOf(), at: '2026-11-28T10:00' }, { ...blankProgram(), timezone: 'Asia/Baghdad' }).occurred_at).toBe('2026-11-28T07:00:00.000Z')
  })
})
