/** The catalogue of features a rule may read, as `dwh/columns/` gives it. */
import { useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import { get } from '@/shared/http/client'
import type { Page } from '@/shared/http/pages'
import type { Schemas } from '@/shared/http/schema'

export type FieldType = 'integer' | 'decimal' | 'text' | 'boolean' | 'date' | 'datetime' | 'text_list' | 'number_list'

type Row = Schemas['Field']

export type Field = Pick<Row, 'name' | 'label' | 'description' | 'category' | 'data_source' | 'is_nullable' | 'freshness'> & {
  type: FieldType
  /** What the figures count, for example "days". */
  unit?: string
  /** The values that occur, where there are few of them. */
  values?: string[]
  /** What it means when nothing is known: not known, none, or that it does not apply. */
  null_kind?: NullKind
  null_meaning?: string
  /** Whose word counts before the merge strategy's; empty when the strategy decides. */
  precedence?: '' | 'dwh' | 'xiva'
  /** Follows events at once instead of waiting for the warehouse's next load. */
  is_streaming?: boolean
}

export type NullKind = 'unknown' | 'none' | 'not_applicable'

const TYPES: readonly string[] = ['integer', 'decimal', 'text', 'boolean', 'date', 'datetime', 'text_list', 'number_list']

/** A type this console does not know yet is treated as text: it can be read and compared, not reckoned with. */
export const typeOf = (name: string): FieldType => (TYPES.includes(name) ? (name as FieldType) : 'text')

export async function listFields(signal?: AbortSignal): Promise<Field[]> {
  const page = await get<Page<Row>>('dwh/columns/', {}, signal)
  return page.results.map((row) => ({ ...row, type: typeOf(row.type), label: row.label || row.name, null_kind: row.null_kind as NullKind, precedence: row.precedence as Field['precedence'] }))
}

export interface FieldCategory {
  name: string
  fields: Field[]
}

/** By category in the order of the catalogue, narrowed to those whose name, label or description holds every word. */
export function groupFields(fields: readonly Field[], search: string): FieldCategory[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean)
  const groups = new Map<string, Field[]>()
  for (const field of fields) {
    const text = `${field.label} ${field.name} ${field.description} ${field.category}`.toLowerCase()
    if (words.every((word) => text.includes(word))) groups.set(field.category, [...(groups.get(field.category) ?? []), field])
  }
  return [...groups].map(([name, members]) => ({ name, fields: members }))
}

const FRESH_MS = 5 * 60_000

/** Asked for when first wanted. */
export function useFields(isWanted: () => boolean = () => true) {
  const query = useQuery({ queryKey: ['dwh', 'columns'], queryFn: ({ signal }) => listFields(signal), staleTime: FRESH_MS, enabled: computed(isWanted) })
  const fields = computed(() => query.data.value ?? [])
  const byName = computed(() => new Map(fields.value.map((field) => [field.name, field])))
  return { query, fields, byName }
}
