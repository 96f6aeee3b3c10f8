/** The catalogue of features a rule may read, as `dwh/columns/` gives it. */
import { useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import { get } from '@/shared/http/client'

export type FieldType = 'integer' | 'decimal' | 'text' | 'boolean' | 'date' | 'datetime' | 'text_list' | 'number_list'

export interface Field {
  name: string
  type: FieldType
  label: string
  description: string
  category: string
  data_source: string
  is_nullable: boolean
  /** When the figures were last brought in; null where the source does not say. */
  freshness: string | null
  /** The values that occur, where there are few of them. */
  values?: string[]
  /** What the figures count, for example "days". */
  unit?: string
}

const ALIASES: Record<string, FieldType> = { int: 'integer', number: 'decimal', num: 'decimal', float: 'decimal', str: 'text', string: 'text', bool: 'boolean', timestamp: 'datetime' }
const TYPES: readonly string[] = ['integer', 'decimal', 'text', 'boolean', 'date', 'datetime', 'text_list', 'number_list']

function typeOf(name: string): FieldType {
  return TYPES.includes(name) ? (name as FieldType) : (ALIASES[name] ?? 'text')
}

type Row = Omit<Field, 'freshness'> & { freshness?: string | null; refreshed_at?: string | null }
type Answer = Row[] | { results: Row[] }

export async function listFields(signal?: AbortSignal): Promise<Field[]> {
  const answer = await get<Answer>('dwh/columns/', {}, signal)
  const fields = Array.isArray(answer) ? answer : answer.results
  return fields.map((field) => ({ ...field, type: typeOf(field.type), freshness: field.freshness ?? field.refreshed_at ?? null, label: field.label || field.name, category: field.category || '' }))
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

export function useFields() {
  const query = useQuery({ queryKey: ['dwh', 'columns'], queryFn: ({ signal }) => listFields(signal), staleTime: FRESH_MS })
  const fields = computed(() => query.data.value ?? [])
  const byName = computed(() => new Map(fields.value.map((field) => [field.name, field])))
  return { query, fields, byName }
}
