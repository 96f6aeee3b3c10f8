/** The states of a thing before and after, as an act of the audit log keeps them, as changes by place. */
const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
const isSame = (left: unknown, right: unknown): boolean => JSON.stringify(left) === JSON.stringify(right)

export interface Difference {
  path: string
  before: unknown
  after: unknown
}

/** Every place that differs, as deep as records go on both sides; `undefined` where there was nothing. */
export function differences(before: unknown, after: unknown, path = ''): Difference[] {
  if (isSame(before, after)) return []
  const isRoot = path === ''
  const left = isRecord(before) ? before : isRoot && (before === null || before === undefined) ? {} : null
  const right = isRecord(after) ? after : isRoot && (after === null || after === undefined) ? {} : null
  if (left === null || right === null) return [{ path, before, after }]
  return [...new Set([...Object.keys(left), ...Object.keys(right)])].flatMap((name) => differences(left[name], right[name], isRoot ? name : `${path}.${name}`))
}
