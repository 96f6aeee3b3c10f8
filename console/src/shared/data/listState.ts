/** The state of a list as it stands in the address bar: pure, so that links and the back button just work. */

export const PAGE_SIZES: readonly number[] = [10, 25, 50, 100]
export const PAGE_SIZE_USUAL = 25

export interface ListState {
  page: number
  pageSize: number
  search: string
  /** Field name, with a leading minus for descending; empty for the server's own order. */
  ordering: string
  /** Keyset lists: where this page begins; empty for the first one. */
  cursor: string
  filters: Record<string, string>
}

type Query = Record<string, unknown>

const textOf = (value: unknown): string => (typeof value === 'string' ? value : Array.isArray(value) && typeof value[0] === 'string' ? value[0] : '')

function wholeOf(value: unknown, usual: number): number {
  const parsed = Number.parseInt(textOf(value), 10)
  return Number.isInteger(parsed) && parsed > 0 ? parsed : usual
}

export function readListState(query: Query, filterNames: readonly string[], orderingUsual = ''): ListState {
  const filters: Record<string, string> = {}
  for (const name of filterNames) {
    const value = textOf(query[name])
    if (value !== '') filters[name] = value
  }
  const size = wholeOf(query['size'], PAGE_SIZE_USUAL)
  return {
    page: wholeOf(query['page'], 1),
    pageSize: PAGE_SIZES.includes(size) ? size : PAGE_SIZE_USUAL,
    search: textOf(query['q']),
    ordering: textOf(query['sort']) || orderingUsual,
    cursor: textOf(query['cursor']),
    filters,
  }
}

/** The query of the address; what is usual is left out, what belongs to others is kept. */
export function writeListState(state: ListState, others: Query, filterNames: readonly string[], orderingUsual = ''): Record<string, string> {
  const own = new Set(['page', 'size', 'q', 'sort', 'cursor', ...filterNames])
  const query: Record<string, string> = {}
  for (const [name, value] of Object.entries(others)) if (!own.has(name) && textOf(value) !== '') query[name] = textOf(value)
  if (state.search !== '') query['q'] = state.search
  if (state.ordering !== '' && state.ordering !== orderingUsual) query['sort'] = state.ordering
  if (state.pageSize !== PAGE_SIZE_USUAL) query['size'] = String(state.pageSize)
  if (state.page > 1) query['page'] = String(state.page)
  if (state.cursor !== '') query['cursor'] = state.cursor
  for (const [name, value] of Object.entries(state.filters)) if (value !== '') query[name] = value
  return query
}

/** What the server is asked. */
export function requestOf(state: ListState, isKeyset: boolean): Record<string, string | number> {
  const params: Record<string, string | number> = { page_size: state.pageSize, ...state.filters }
  if (isKeyset) {
    if (state.cursor !== '') params['cursor'] = state.cursor
  } else {
    params['page'] = state.page
  }
  if (state.search !== '') params['search'] = state.search
  if (state.ordering !== '') params['ordering'] = state.ordering
  return params
}

/** First click ascending, second descending, third back to the server's order. */
export function nextOrdering(current: string, field: string): string {
  if (current === field) return `-${field}`
  if (current === `-${field}`) return ''
  return field
}
