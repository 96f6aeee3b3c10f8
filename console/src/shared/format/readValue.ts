/** How a value that came as JSON is read: exact decimals come as texts, days and instants too; pure. */

const NUMBER = /^-?\d+(\.\d+)?$/
const DAY = /^\d{4}-\d{2}-\d{2}$/
const INSTANT = /^\d{4}-\d{2}-\d{2}T/

export type ReadValue = { kind: 'nothing' } | { kind: 'truth'; value: boolean } | { kind: 'number'; value: number } | { kind: 'day'; value: string } | { kind: 'text'; value: string }

/** Decimals come as texts, so that they stay exact on the way. */
export function readValue(value: unknown): ReadValue {
  if (value === null || value === undefined || value === '') return { kind: 'nothing' }
  if (typeof value === 'boolean') return { kind: 'truth', value }
  if (typeof value === 'number') return { kind: 'number', value }
  if (Array.isArray(value)) return value.length === 0 ? { kind: 'nothing' } : { kind: 'text', value: value.join(', ') }
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  if (NUMBER.test(text) && text.length < 16) return { kind: 'number', value: Number(text) }
  return DAY.test(text) || INSTANT.test(text) ? { kind: 'day', value: text } : { kind: 'text', value: text }
}
