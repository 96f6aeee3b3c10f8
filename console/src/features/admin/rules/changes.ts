/** The states of a thing before and after, as an act of the audit log or a request keeps them, as changes by place. */
import type { ChangeGroup } from '@/shared/DiffView/changes'

const TEXT_MAX = 2000

export function textOf(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value, null, 1)
  return text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)} …` : text
}

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

/** For the viewer: each place by its name, which is the trade's own word in the documents of the API. */
export function groupsOf(found: readonly Difference[], title: string): ChangeGroup[] {
  const said = (value: unknown): string | null => (value === undefined || value === null ? null : textOf(value))
  const changes = found.map(({ path, before, after }) => ({ key: path, name: path.replaceAll('_', ' ').replaceAll('.', ' › '), before: said(before), after: said(after) }))
  return changes.length ? [{ key: 'all', title, changes }] : []
}
