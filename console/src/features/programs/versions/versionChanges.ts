/** The differences of two versions, sorted into the builder's sections; pure but for the words it is given. */
import { formulaOf } from '@/shared/trace/trace'
import type { Change, ChangeGroup } from '@/shared/DiffView/changes'
import { SECTIONS, type SectionId } from '../document/sections'
import type { VersionChange } from '../programs.api'

export interface Words {
  /** The name of a field, or the name itself. */
  field: (name: string) => string
  value: (value: string) => string
  number: (value: number) => string
  section: (id: SectionId | 'other') => string
  yes: string
  no: string
  join: string
}

const isRecord = (value: unknown): value is Record<string, unknown> => value !== null && typeof value === 'object' && !Array.isArray(value)
const isRule = (path: string): boolean => /(^|\.)(rule|earn_rule|burn_rule)$/.test(path)
const isNothing = (value: unknown): boolean => value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0)

/** A value as one reads it; null where there is nothing. */
export function textOfValue(path: string, value: unknown, words: Words): string | null {
  if (isNothing(value)) return null
  if (isRule(path)) return formulaOf(value)
  if (typeof value === 'boolean') return value ? words.yes : words.no
  if (typeof value === 'number') return words.number(value)
  if (typeof value === 'string') return words.value(value)
  if (Array.isArray(value)) return value.map((item) => textOfValue(path, item, words) ?? '').filter(Boolean).join(words.join)
  if (!isRecord(value)) return String(value)
  const lines = Object.entries(value).filter(([, inner]) => !isNothing(inner)).map(([name, inner]) => `${words.field(name)}: ${textOfValue(`${path}.${name}`, inner, words) ?? ''}`)
  return lines.length ? lines.join('\n') : null
}

/** `caps.daily.limit` as `daily · Limit`: the part that the section does not say yet. */
function nameOf(path: string, words: Words): string {
  const [top = '', ...rest] = path.split('.')
  return (rest.length === 0 ? [words.field(top)] : rest.map(words.field)).join(' · ')
}

const sectionAt = (path: string): SectionId | 'other' => {
  const top = path.split(/[./]/)[0] ?? ''
  return SECTIONS.find((section) => section.paths.includes(top))?.id ?? 'other'
}

export function groupedChanges(changes: readonly VersionChange[], words: Words): ChangeGroup[] {
  const order: (SectionId | 'other')[] = [...SECTIONS.map((section) => section.id), 'other']
  return order.flatMap((id): ChangeGroup[] => {
    const own = changes.filter((change) => sectionAt(change.path) === id)
    if (own.length === 0) return []
    const told = own.map((change): Change => ({
      key: change.path, name: nameOf(change.path, words),
      // Two figures side by side need no sentence; a rule does, because its formula is hard to read.
      ...(isRule(change.path) && change.words ? { words: change.words } : {}),
      before: textOfValue(change.path, change.before, words), after: textOfValue(change.path, change.after, words),
    }))
    return [{ key: id, title: words.section(id), icon: SECTIONS.find((section) => section.id === id)?.icon, changes: told }]
  })
}
