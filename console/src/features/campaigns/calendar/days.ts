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

/** Entries of one day, those of a campaign that came or will come several times as one with its number, in their order. */
export function folded<T extends { campaign: string; is_past: boolean; is_cut: boolean }>(entries: readonly T[]): { first: T; times: number; isCut: boolean }[] {
  const found = new Map<string, { first: T; times: number; isCut: boolean }>()
  for (const one of entries) {
    const key = `${one.campaign} ${String(one.is_past)}`
    const met = found.get(key) ?? { first: one, times: 0, isCut: false }
    found.set(key, { ...met, times: met.times + 1, isCut: met.isCut || one.is_cut })
  }
  return [...found.values()]
}

export const isSameDay = (left: Date, right: Date): boolean => left.toDateString() === right.toDateString()
