import { describe, expect, it } from 'vitest'
import { isExactNumber, numberOf, parseExactly, readAnswer, stringifyExactly, writeBodyExactly } from './exact'

describe('numbers of many digits', () => {
  it('test_round_trip__38_digits_and_strings_that_look_like_them__every_digit_kept', () => {
    const text = '{">":[{"var":"msisdn"},12345678901234567890.123456789],"a":"12345678901234567890","b":"\\"{\\\\\\"#number\\":1234567890123456789","c":[-0.10000000000000000001,1e400]}'
    expect(stringifyExactly(parseExactly(text))).toBe(text)
  })

  it('test_parse__numbers_that_fit__are_numbers', () => {
    expect(parseExactly('[0.1, 1.10, 9007199254740992, 0.30000000000000004, 1000000000000000000000, -0, 1.5e3]')).toEqual([0.1, 1.1, 9007199254740992, 0.30000000000000004, 1e21, -0, 1500])
  })

  it('test_parse__one_digit_too_many__kept_as_text', () => {
    const [first, second] = parseExactly('[9007199254740993, 0.300000000000000041]') as unknown[]
    expect(first).toEqual({ '#number': '9007199254740993' })
    expect(isExactNumber(second)).toBe(true)
  })

  it('test_number_of__typed_texts__number_exact_or_nothing', () => {
    expect(numberOf('12')).toBe(12)
    expect(numberOf('12345678901234567891')).toEqual({ '#number': '12345678901234567891' })
    expect(numberOf('twelve')).toBeNull()
  })

  it('test_stringify__indented__number_stands_bare', () => {
    expect(stringifyExactly({ a: { '#number': '12345678901234567891' } }, 2)).toBe('{\n  "a": 12345678901234567891\n}')
  })

  it('test_write_body__whole_number_beyond_64_bits__sent_as_a_fraction', () => {
    expect(writeBodyExactly([{ '#number': '12345678901234567891' }, { '#number': '0.12345678901234567891' }, 7])).toBe('[12345678901234567891.0,0.12345678901234567891,7]')
  })

  it('test_read_answer__no_json__stays_text', () => {
    expect(readAnswer('<html>')).toBe('<html>')
    expect(readAnswer('')).toBe('')
  })
})
