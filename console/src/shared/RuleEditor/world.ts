/** What a rule may ask beyond features: kinds of events, segments, random shares. Given to the parts of the editor by injection. */
import { useQuery } from '@tanstack/vue-query'
import { computed, inject, provide, ref, toValue, type ComputedRef, type InjectionKey, type MaybeRefOrGetter } from 'vue'
import { typeOf, type Field } from '@/shared/FieldPicker/fields'
import { get } from '@/shared/http/client'
import { toProblem } from '@/shared/http/problems'
import type { Schemas } from '@/shared/http/schema'

export interface EventType {
  name: string
  label: string
  /** What one such event says, for sums and for "only those where". */
  fields: Field[]
}

export interface RuleWorld {
  events: readonly EventType[]
  hasSegments: boolean
  hasShares: boolean
  /** The segment that is being edited: it cannot be a part of itself. */
  segmentId?: string | null
}

export const NO_WORLD: RuleWorld = { events: [], hasSegments: false, hasShares: false }
const KEY: InjectionKey<ComputedRef<RuleWorld>> = Symbol('rule world')

export function provideWorld(world: MaybeRefOrGetter<RuleWorld | undefined>): void {
  provide(KEY, computed(() => toValue(world) ?? NO_WORLD))
}

export const useWorld = (): ComputedRef<RuleWorld> => inject(KEY, computed(() => NO_WORLD))

async function listEvents(signal: AbortSignal): Promise<EventType[]> {
  const page = await get<Schemas['EventTypes']>('features/eventTypes/', {}, signal)
  return page.results.map((row) => ({
    name: row.name,
    label: row.label || row.name,
    fields: row.fields_told.map((field) => ({ ...field, type: typeOf(field.type), label: field.label || field.name, description: '', category: row.label || row.name, data_source: row.name, is_nullable: true, freshness: null })),
  }))
}

const FRESH_MS = 5 * 60_000

/** Everything a segment's rule may ask; without the catalogue of events the builder offers no behaviour. */
export function useSegmentWorld(segmentId: MaybeRefOrGetter<string | null> = ref(null)) {
  const query = useQuery({ queryKey: ['features', 'event-types'], queryFn: ({ signal }) => listEvents(signal), staleTime: FRESH_MS, retry: (count, error) => toProblem(error).isTemporary && count < 2 })
  const world = computed<RuleWorld>(() => ({ events: query.data.value ?? [], hasSegments: true, hasShares: true, segmentId: toValue(segmentId) }))
  return { world, query }
}
