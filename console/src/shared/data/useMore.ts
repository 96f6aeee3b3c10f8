/** A keyset list inside a page that has an address of its own: the first rows, then more on demand. */
import { useInfiniteQuery } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { cursorOf } from '@/shared/http/client'
import type { Page } from '@/shared/http/pages'

export interface MoreOptions<T> {
  queryKey: MaybeRefOrGetter<readonly unknown[]>
  fetch: (cursor: string, signal: AbortSignal) => Promise<Page<T>>
  enabled?: MaybeRefOrGetter<boolean>
}

export function useMore<T>(options: MoreOptions<T>) {
  const query = useInfiniteQuery({
    queryKey: computed(() => toValue(options.queryKey)),
    queryFn: ({ pageParam, signal }) => options.fetch(pageParam, signal),
    initialPageParam: '',
    getNextPageParam: (last: Page<T>) => cursorOf(last.next) ?? undefined,
    enabled: computed(() => toValue(options.enabled) ?? true),
  })
  const rows = computed<T[] | undefined>(() => query.data.value?.pages.flatMap((page) => page.results))
  const first = computed(() => query.data.value?.pages[0])
  return { query, rows, first }
}
