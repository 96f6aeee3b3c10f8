/** A day and time on the wall of a zone as an instant, and back; pure. */

function partsIn(zone: string, at: Date): number {
  const format = new Intl.DateTimeFormat('en-u-hc-h23', { timeZone: zone, year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' })
  const parts = Object.fromEntries(format.formatToParts(at).map((part) => [part.type, Number(part.value)]))
  return Date.UTC(parts['year'] ?? 0, (parts['month'] ?? 1) - 1, parts['day'] ?? 1, parts['hour'] ?? 0, parts['minute'] ?? 0, parts['second'] ?? 0)
}

/** `2027-01-01T00:00` in `Asia/Baghdad` gives `2026-12-31T21:00:00.000Z`. In the hour a clock skips, the hour after it. */
export function instantIn(zone: string, local: string): string {
  const wanted = Date.parse(`${local}Z`)
  const first = wanted - (partsIn(zone, new Date(wanted)) - wanted)
  // Once more from there: near a change of the clock the first guess has the offset of the other side.
  return new Date(wanted - (partsIn(zone, new Date(first)) - first)).toISOString()
}

/** The wall's day and time of an instant, as a datetime field takes it. */
export const localIn = (zone: string, instant: string | Date): string => new Date(partsIn(zone, new Date(instant))).toISOString().slice(0, 16)
