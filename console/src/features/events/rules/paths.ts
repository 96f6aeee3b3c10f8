/** The paths of a sample, as the mappings of the server read them: `$.order.lines[0].amount`. */

export interface PathValue {
  path: string
  value: string | number | boolean | null
}

// A name of letters of any script stands after a dot, any other in quotes; what has a quote itself no path can name.
const NAME = /^[\p{L}_@][\p{L}\p{N}_-]*$/u
const QUOTED = /^[^'\p{Cc}]{1,100}$/u
const stepTo = (name: string): string => (NAME.test(name) ? `.${name}` : QUOTED.test(name) ? `['${name}']` : '')
const PATHS_MAX = 200
const INDEX_MAX = 9_999

/** Every single value of a sample with its path; what no path can name is left out. */
export function pathsOf(sample: unknown, at = '$', found: PathValue[] = []): PathValue[] {
  if (found.length >= PATHS_MAX) return found
  if (Array.isArray(sample)) {
    sample.slice(0, INDEX_MAX).forEach((inner: unknown, place) => pathsOf(inner, `${at}[${place}]`, found))
  } else if (typeof sample === 'object' && sample !== null) {
    for (const [name, inner] of Object.entries(sample)) if (stepTo(name)) pathsOf(inner, `${at}${stepTo(name)}`, found)
  } else if (typeof sample === 'string' || typeof sample === 'number' || typeof sample === 'boolean' || sample === null) {
    found.push({ path: at, value: sample })
  }
  return found
}

const PATH = /^\$(\.[\p{L}_@][\p{L}\p{N}_-]*|\[\d{1,4}\]|\['[^'\p{Cc}]{1,100}'\])*$/u
export const isPath = (text: string): boolean => PATH.test(text)

/** The last name of a path as a name of ours: `$.order.lines[0].netAmount` gives `net_amount`. */
export function nameOf(path: string): string {
  const quoted = /\['([^']+)'\]$/.exec(path)?.[1]
  const last = quoted ?? path.replace(/\[\d+\]/g, '').split('.').at(-1) ?? ''
  if (last === '$') return 'value'
  return last.replace(/([a-z0-9])([A-Z])/g, '$1_$2').replace(/^@/, '').replace(/[^\p{L}\p{N}_]+/gu, '_').toLowerCase()
}

/** What was typed, as the value that JSON has there: `5` is a number, `"5"` and `five` are texts. */
export function readScalar(text: string): string | number | boolean | null {
  try {
    const value: unknown = JSON.parse(text)
    if (value === null || typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string') return value
    return text
  } catch {
    return text
  }
}

/** The text that gives a value back through `readScalar`. */
export function writeScalar(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value) ?? ''
  return readScalar(value) === value ? value : JSON.stringify(value)
}
