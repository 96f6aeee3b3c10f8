/** Days of a month or a week as a calendar shows them, by the clock of whoever looks; pure. */
export type Span = 'month' | 'week'
const WEEK = 7
const MONDAY = 1

/** Local midnight of the Monday on or before a day. */
function weekStart(day: Date): Date {
  return new Date(day.getFullYear(), day.getMonth(), day.getDate() - ((day.getDay() - MONDAY + WEEK) % WEEK))
}

/** The first moments of all days shown, whole weeks; the end is the first moment that is not shown any more. */
export function daysOf(span: Span, anchor: Date): { days: Date[]; end: Date } {
  const first = weekStart(span === 'month' ? new Date(anchor.getFullYear(), anchor.getMonth(), 1) : anchor)
  const last = span === 'month' ? new Date(anchor.getFullYear(), anchor.getMonth() + 1, 0) : first
  const days: Date[] = []
  let day = first
  while (day <= last || days.length % WEEK !== 0) {
    days.push(day)
    day = new Date(day.getFullYear(), day.getMonth(), day.getDate() + 1)
  }
  return { days, end: day }
}

export const move = (span: Span, anchor: Date, steps: number): Date =>
  span === 'month' ? new Date(anchor.getFullYear(), anchor.getMonth() + steps, 1) : new Date(anchor.getFullYear(), anchor.getMonth(), anchor.getDate() + steps * WEEK)

export const isSameDay = (left: Date, right: Date): boolean => left.toDateString() === right.toDateString()
