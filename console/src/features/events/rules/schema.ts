/** The JSON Schema of a fact's data, as rows to read. */
import type { Schema } from '../events.api'

export interface SchemaField {
  name: string
  /** `string (uuid)`, `array of integer`, `number or null`. */
  kind: string
  isRequired: boolean
}

function kindOf(schema: Schema): string {
  if (schema.anyOf) return schema.anyOf.map(kindOf).join(' | ')
  if (schema.type === 'array') return schema.items && kindOf(schema.items) !== 'any' ? `${kindOf(schema.items)}[]` : 'array'
  if (!schema.type) return 'any'
  return schema.format ? `${schema.type} (${schema.format})` : schema.type
}

/** Fields that are always there first, each part by name. */
export function fieldsOf(schema: Schema): SchemaField[] {
  const required = new Set(schema.required ?? [])
  const rows = Object.entries(schema.properties ?? {}).map(([name, inner]) => ({ name, kind: kindOf(inner), isRequired: required.has(name) }))
  return rows.sort((one, other) => Number(other.isRequired) - Number(one.isRequired) || one.name.localeCompare(other.name))
}

/** `points.earned` belongs to `points`. */
export const domainOf = (type: string): string => type.split('.')[0] ?? type
