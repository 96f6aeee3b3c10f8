/** JSON as data: the type of a rule before anyone has read it, and equality by content. */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

export function isRecord(value: unknown): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Same content; the order of keys in an object does not count. */
export function isSame(left: Json, right: Json): boolean {
  if (left === right) return true
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((item, position) => isSame(item, right[position] ?? null))
  }
  if (isRecord(left) && isRecord(right)) {
    const names = Object.keys(left)
    return names.length === Object.keys(right).length && names.every((name) => name in right && isSame(left[name] ?? null, right[name] ?? null))
  }
  return false
}
