import { describe, expect, it } from 'vitest'
import { choicesOf, codeOf, sentOf, typedOf } from './attributes'

describe('attributes', () => {
  it('test_code__made_of_a_label__is_one_that_the_server_takes', () => {
    expect(codeOf('Favourite store')).toBe('favourite_store')
    expect(codeOf('2nd Café – plan!')).toBe('nd_cafe_plan')
    expect(codeOf('المتجر')).toBe('')
    expect(codeOf('x'.repeat(60))).toHaveLength(40)
  })

  it('test_value__typed_and_sent__nothing_takes_it_away', () => {
    expect([typedOf({ value: null }), typedOf({ value: 2.5 }), typedOf({ value: true })]).toEqual(['', '2.5', 'true'])
    expect([sentOf('  '), sentOf(' gold ')]).toEqual([null, 'gold'])
  })

  it('test_choices__of_lines__are_each_there_once', () => {
    expect(choicesOf('blue\n gold \n\nblue')).toEqual(['blue', 'gold'])
  })
})
