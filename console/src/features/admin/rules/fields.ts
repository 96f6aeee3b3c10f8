/** Fields of a section as they are edited: what is sent of them, and which secrets a change of endpoint takes along. */
import type { ConfigField, Values } from '../config.api'

/** Edits by field; a field that is not in it stays. A secret's edit is its new text, or null to take it away. */
export type Edits = Readonly<Record<string, unknown>>

const isSame = (left: unknown, right: unknown): boolean => JSON.stringify(left) === JSON.stringify(right)

/** The edits that change something. An empty secret field says nothing: the stored one stays. */
export function changesOf(fields: readonly ConfigField[], edits: Edits): Values {
  return Object.fromEntries(fields.flatMap((field) => {
    if (!(field.name in edits)) return []
    const value = edits[field.name]
    if (field.is_secret) return value === '' || (value === null && !field.is_set) ? [] : [[field.name, value]]
    // Back to the environment is a change only for what was saved here.
    if (value === null) return field.source === 'saved' ? [[field.name, null]] : []
    return isSame(value, field.value) && field.source === 'saved' ? [] : isSame(value, field.value) ? [] : [[field.name, value]]
  }))
}

/** Stored secrets that go when the place they are for changes, unless a new one is given along. */
export function secretsLost(fields: readonly ConfigField[], changes: Values): ConfigField[] {
  const isMoved = fields.some((field) => field.is_endpoint && field.name in changes)
  return isMoved ? fields.filter((field) => field.is_secret && field.is_set && !(field.name in changes)) : []
}

export function textOfMapping(value: unknown): string {
  return typeof value === 'object' && value !== null ? Object.entries(value).map(([key, text]) => `${key} = ${String(text)}`).join('\n') : ''
}

/** Lines of `key = value`; null when a line is neither that nor empty. */
export function mappingOf(text: string): Record<string, string> | null {
  const pairs = text.split('\n').map((line) => line.trim()).filter(Boolean).map((line) => /^([^=]+?)\s*=\s*(.*)$/.exec(line))
  return pairs.every((pair) => pair !== null) ? Object.fromEntries(pairs.map((pair) => [pair?.[1] ?? '', pair?.[2] ?? ''])) : null
}
