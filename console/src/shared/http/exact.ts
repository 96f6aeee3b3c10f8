/**
 * JSON whose numbers keep every digit. JavaScript's own numbers hold some 15 to 17 digits; a longer one becomes a
 * record with its decimal text, and goes out as the number that it was.
 */
const MARK = '#number'

/** A number of more digits than JavaScript holds, as its decimal text. */
export interface ExactNumber {
  [MARK]: string
}

const STRING_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g
const MARKED = /\{\s*"#number"\s*:\s*"(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"\s*\}/g
// Fewer digits than this always fit.
const LONG = /\d[\d.]{15,}/
const NUMBER = /^-?\d+(?:\.\d+)?$/

export function isExactNumber(value: unknown): value is ExactNumber {
  return typeof value === 'object' && value !== null && typeof (value as Record<string, unknown>)[MARK] === 'string' && Object.keys(value).length === 1
}

/** Sign, digits without zeros around them, and where the point stands: equal for texts of the same number. */
function normalised(text: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? []
  const digits = (whole + fraction).replace(/^0+/, '')
  const short = digits.replace(/0+$/, '')
  const power = Number(exponent) - fraction.length + (digits.length - short.length)
  return short === '' ? '0' : `${sign}${short}e${power}`
}

const fits = (text: string): boolean => {
  const figure = Number(text)
  return Number.isFinite(figure) && normalised(String(figure)) === normalised(text)
}

/** A decimal text as a number, or with all its digits where a number has not room for them; null when it is none. */
export function numberOf(text: string): number | ExactNumber | null {
  if (!NUMBER.test(text)) return null
  return fits(text) ? Number(text) : { [MARK]: text }
}

export const textOfNumber = (value: number | ExactNumber): string => (typeof value === 'number' ? String(value) : value[MARK])

/** `JSON.parse` that loses no digit. */
export function parseExactly(text: string): unknown {
  if (!LONG.test(text)) return JSON.parse(text)
  return JSON.parse(text.replace(STRING_OR_NUMBER, (token) => (token.startsWith('"') || fits(token) ? token : `{"${MARK}":"${token}"}`)))
}

/** The server reads whole numbers up to 64 bits, and fractions of any length: a longer whole number goes out as one. */
export const writeBodyExactly = (value: unknown): string => JSON.stringify(value).replace(MARKED, (_, text: string) => (/^-?\d{19,}$/.test(text) ? `${text}.0` : text))

/** `JSON.stringify` that writes such records as the numbers they stand for. */
export function stringifyExactly(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(MARKED, '$1')
}

/** What an answer holds, with every digit; what is no JSON stays text. */
export function readAnswer(text: unknown): unknown {
  if (typeof text !== 'string' || text === '') return text
  try {
    return parseExactly(text)
  } catch {
    return text
  }
}
