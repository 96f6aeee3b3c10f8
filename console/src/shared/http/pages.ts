/** The two shapes in which lists arrive. */

export interface Page<T> {
  count: number
  next: string | null
  previous: string | null
  results: T[]
  /** False on lists that grow without bound, where the count is an estimate. */
  count_is_exact?: boolean
}

export const emptyPage = <T>(): Page<T> => ({ count: 0, next: null, previous: null, results: [] })
