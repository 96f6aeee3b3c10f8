import { describe, expect, it } from 'vitest'
import { actOf } from './lineKeys'

const key = (name: string, held: { altKey?: boolean; ctrlKey?: boolean } = {}) => ({ key: name, altKey: false, ctrlKey: false, metaKey: false, ...held })

describe('lineKeys', () => {
  it('test_act__arrows__walk_and_with_alt_move', () => {
    expect(actOf(key('ArrowUp'), false)).toBe('previous')
    expect(actOf(key('ArrowDown', { altKey: true }), false)).toBe('down')
  })

  it('test_act__sideways__follows_the_direction_of_reading', () => {
    expect(actOf(key('ArrowRight', { altKey: true }), false)).toBe('into')
    expect(actOf(key('ArrowRight', { altKey: true }), true)).toBe('out')
  })

  it('test_act__delete_copy_wrap__and_nothing_else', () => {
    expect(actOf(key('Delete'), false)).toBe('remove')
    expect(actOf(key('d', { ctrlKey: true }), false)).toBe('copy')
    expect(actOf(key('g'), false)).toBe('wrap')
    expect(actOf(key('z', { ctrlKey: true }), false)).toBeNull()
    expect(actOf(key('x'), false)).toBeNull()
  })
})
