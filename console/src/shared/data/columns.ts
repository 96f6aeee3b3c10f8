/** The columns of a table, as data. */

export interface Column<T> {
  key: string
  /** Text of the heading, already in the user's language. */
  label: string
  /** The server's name to sort by; a column without it cannot be sorted. */
  ordering?: string
  align?: 'start' | 'end'
  /** Plain text of the cell when no slot draws it. */
  text?: (row: T) => string
  /** Left out on narrow screens. */
  isSecondary?: boolean
  width?: string
}
