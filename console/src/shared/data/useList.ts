/** A server-paged list: state in the address, rows from the cache, the next page without a flash. */
import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { cursorOf } from '@/shared/http/client'
import type { Page } from '@/shared/http/pages'
import { readListState, requestOf, writeListState, type ListState } from './listState'

export interface ListOptions<T> {
  queryKey: MaybeRefOrGetter<readonly unknown[]>
  fetch: (params: Record<string, string | number>, signal: AbortSignal) => Promise<Page<T>>
  filters?: readonly string[]
  ordering?: string
  /** Keyset paging: the server answers with cursors instead of page numbers. */
  isKeyset?: boolean
}

export function useList<T>(options: ListOptions<T>) {
  const route = useRoute()
  const router = useRouter()
  const names = options.filters ?? []
  const state = computed(() => readListState(route.query, names, options.ordering))
  const params = computed(() => requestOf(state.value, options.isKeyset ?? false))

  const query = useQuery({
    queryKey: computed(() => [...toValue(options.queryKey), params.value]),
    queryFn: ({ signal }) => options.fetch(params.value, signal),
    placeholderData: keepPreviousData,
  })

  const page = computed(() => query.data.value)
  const nextCursor = computed(() => cursorOf(page.value?.next))
  const previousCursor = computed(() => cursorOf(page.value?.previous))

  function change(part: Partial<ListState>, isNewPlace = false): void {
    const wanted = { ...state.value, page: 1, cursor: '', ...part }
    const to = { query: writeListState(wanted, route.query, names, options.ordering), hash: route.hash }
    // Typing replaces the address, a page turn is a place to come back to.
    void (isNewPlace ? router.push(to) : router.replace(to))
  }

  const isFiltered = computed(() => state.value.search !== '' || Object.keys(state.value.filters).length > 0)

  return { state, query, page, change, isFiltered, isKeyset: options.isKeyset ?? false, nextCursor, previousCursor }
}

export type List<T> = ReturnType<typeof useList<T>>
