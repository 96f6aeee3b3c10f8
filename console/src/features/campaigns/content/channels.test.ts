import { describe, expect, it } from 'vitest'
import { blankContent, costOf, missingParts, partsOf, segmentsOf, withPart } from './channels'

describe('channels', () => {
  it.each<[string, number, boolean]>([
    ['', 0, false], ['a'.repeat(160), 1, false], ['a'.repeat(161), 2, false], ['€'.repeat(80), 1, false], ['€'.repeat(81), 2, false],
    ['م'.repeat(70), 1, true], ['م'.repeat(71), 2, true],
  ])('test_segments__text_%#__as_a_network_cuts_it', (text, segments, isUnicode) => {
    expect(segmentsOf(text)).toMatchObject({ segments, isUnicode })
  })

  it('test_segments__placeholder__counts_as_a_name', () => {
    expect(segmentsOf('Hi {{ first_name | "customer" }}').characters).toBe(13)
  })

  it('test_missing__blank_whatsapp__template_but_not_language', () => {
    expect(missingParts('whatsapp', blankContent('whatsapp'))).toEqual(['meta_template'])
  })

  it('test_with_part__optional_emptied__is_left_out', () => {
    const url = partsOf('push').find((part) => part.name === 'url')
    expect(url && withPart({ title: 'a', body: 'b', url: 'https://x.example' }, url, '')).toEqual({ title: 'a', body: 'b' })
  })

  it('test_cost__two_channels__a_text_costs_its_segments', () => {
    expect(costOf({ email: 100, sms: 10 }, { email: '0.001', sms: '0.05' }, 'a'.repeat(161))).toBeCloseTo(1.1)
  })
})
