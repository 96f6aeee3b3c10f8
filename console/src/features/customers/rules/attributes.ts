/** Values of attributes as they are shown, and as they are typed. */
import type { HeldValue } from '../customers.api'

export type AttributeKind = 'text' | 'number' | 'boolean' | 'date' | 'choice'
export const KINDS: readonly AttributeKind[] = ['text', 'number', 'boolean', 'date', 'choice']

/** A code as it may be, made of a label: small letters, digits and underscores, beginning with a letter. */
export function codeOf(label: string): string {
  const plain = label.normalize('NFKD').replace(/[\u0300-\u036f]/g, '').toLowerCase()
  return plain.replace(/[^a-z0-9]+/g, '_').replace(/^[^a-z]+/, '').replace(/_+$/, '').slice(0, 40)
}

/** What stands in the field while a value is changed. */
export const typedOf = (held: Pick<HeldValue, 'value'>): string => (held.value === null || held.value === undefined ? '' : String(held.value))

/** What is sent of what was typed: nothing takes the value away; the server reads numbers and days out of texts. */
export const sentOf = (typed: string): string | null => (typed.trim() === '' ? null : typed.trim())

/** The choices, one to a line, without empty lines and repetitions. */
export const choicesOf = (lines: string): string[] => [...new Set(lines.split('\n').map((one) => one.trim()).filter(Boolean))]
