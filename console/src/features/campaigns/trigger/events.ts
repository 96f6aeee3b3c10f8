/** What a campaign can be made of, as `campaigns/kinds/` tells it; asked once, it changes with the platform's version. */
import { useQuery } from '@tanstack/vue-query'
import type { Field, FieldType } from '@/shared/FieldPicker/fields'
import { getKinds, type Kinds } from '../campaigns.api'

const TYPES: Record<string, FieldType> = { amount: 'decimal', points_amount: 'integer', points_balance: 'integer' }

export const useKinds = () => useQuery({ queryKey: ['campaigns', 'kinds'], queryFn: ({ signal }) => getKinds(signal), staleTime: Infinity })

/** The fields that an event carries, as a filter reads them. */
export function fieldsOf(kinds: Kinds | undefined, eventType: string, label: (name: string) => string, category: string): Field[] {
  const event = kinds?.events.find((one) => one.type === eventType)
  return (event?.fields ?? []).map((name) => ({
    name, label: label(name), type: TYPES[name] ?? 'text', description: '', category, data_source: 'event', is_nullable: true, freshness: null,
  }))
}
