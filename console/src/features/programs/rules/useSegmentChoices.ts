/** The segments to choose from, or undefined where the user may not see them and types their codes instead. */
import { useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import { listSegments } from '@/features/segments'
import { useSession } from '@/shared/session/session'

const SEGMENTS_MAX = 200

export function useSegmentChoices() {
  const session = useSession()
  const query = useQuery({ queryKey: ['segments', 'choices'], queryFn: ({ signal }) => listSegments({ page_size: SEGMENTS_MAX, ordering: 'name' }, signal), enabled: computed(() => session.can('segments.view')), staleTime: 60_000 })
  return computed(() => query.data.value?.results.map((segment) => ({ value: segment.id, label: segment.name })))
}
