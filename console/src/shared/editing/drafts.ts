/** Comparing and joining drafts, as pure functions over JSON-able objects. */

export type FieldErrors = readonly { field: string; code: string; message: string }[]

export const copyOf = <T>(value: T): T => (value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T))

/** Same content; the order of an object's keys says nothing. */
export function same(left: unknown, right: unknown): boolean {
  if (Object.is(left, right)) return true
  if (left === null || right === null || typeof left !== 'object' || typeof right !== 'object') return false
  if (Array.isArray(left) !== Array.isArray(right)) return false
  const a = left as Record<string, unknown>
  const b = right as Record<string, unknown>
  const names = new Set([...Object.keys(a), ...Object.keys(b)])
  return [...names].every((name) => same(a[name], b[name]))
}

export function fieldsChanged(before: object, after: object): string[] {
  const a = before as Record<string, unknown>
  const b = after as Record<string, unknown>
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((name) => !same(a[name], b[name]))
}

/** Their draft with the named fields of mine. */
export function rebase<T extends object>(theirs: T, mine: T, fields: readonly string[]): T {
  const joined = copyOf(theirs) as Record<string, unknown>
  for (const name of fields) joined[name] = (mine as Record<string, unknown>)[name]
  return joined as T
}

/** The server's message for a field; one for a part of it (`earn_rule/if/0`) counts for the whole too. */
export function errorAt(errors: FieldErrors, path: string): string | undefined {
  const exact = errors.find((error) => error.field === path)
  if (exact) return exact.message
  return errors.find((error) => error.field.startsWith(`${path}/`))?.message
}

/** Whether anything below the path was refused, to mark a section of a long form. */
export const hasErrorUnder = (errors: FieldErrors, paths: readonly string[]): boolean =>
  errors.some((error) => paths.some((path) => error.field === path || error.field.startsWith(`${path}.`) || error.field.startsWith(`${path}/`)))
