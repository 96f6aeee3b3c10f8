/** An instant as a field of the browser shows it, by the clock of whoever looks; pure but for that clock. */
const two = (value: number): string => String(value).padStart(2, '0')

export function localOf(instant: string | null): string {
  if (instant === null) return ''
  const at = new Date(instant)
  return Number.isNaN(at.getTime()) ? '' : `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`
}

export function instantOf(local: string): string | null {
  const at = new Date(local)
  return local === '' || Number.isNaN(at.getTime()) ? null : at.toISOString()
}
