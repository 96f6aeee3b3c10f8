/** Numbers, days and instants in the user's language. */
import { computed } from 'vue'
import { useI18n } from 'vue-i18n'

const MINUTE_S = 60
const HOUR_S = 60 * MINUTE_S
const DAY_S = 24 * HOUR_S

export const NOTHING = '—'

export function useFormat() {
  const { locale } = useI18n()
  // Latin digits everywhere: figures are copied into other systems.
  const tag = computed(() => `${locale.value}-u-nu-latn`)
  const plain = computed(() => new Intl.NumberFormat(tag.value, { maximumFractionDigits: 2 }))
  const short = computed(() => new Intl.NumberFormat(tag.value, { notation: 'compact', maximumFractionDigits: 2 }))
  const share = computed(() => new Intl.NumberFormat(tag.value, { style: 'percent', maximumFractionDigits: 1 }))
  const dayOf = computed(() => new Intl.DateTimeFormat(tag.value, { dateStyle: 'medium' }))
  const instantOf = computed(() => new Intl.DateTimeFormat(tag.value, { dateStyle: 'medium', timeStyle: 'short' }))
  const distance = computed(() => new Intl.RelativeTimeFormat(tag.value, { numeric: 'auto', style: 'short' }))

  const number = (value: number | null | undefined): string => (value === null || value === undefined ? NOTHING : plain.value.format(value))
  /** 1,240,000 as 1.24M; small figures stay whole. */
  const compact = (value: number | null | undefined): string =>
    value === null || value === undefined ? NOTHING : Math.abs(value) < 100_000 ? plain.value.format(value) : short.value.format(value)
  const percent = (part: number | null | undefined): string => (part === null || part === undefined || Number.isNaN(part) ? NOTHING : share.value.format(part))

  function date(value: string | null | undefined): string {
    if (!value) return NOTHING
    const at = new Date(value.length === 10 ? `${value}T00:00:00` : value)
    return Number.isNaN(at.getTime()) ? value : dayOf.value.format(at)
  }

  function instant(value: string | null | undefined): string {
    if (!value) return NOTHING
    const at = new Date(value)
    return Number.isNaN(at.getTime()) ? value : instantOf.value.format(at)
  }

  /** "2 min. ago", and the date itself when it is longer ago than a week. */
  function ago(value: string | null | undefined, now: Date = new Date()): string {
    if (!value) return NOTHING
    const seconds = Math.round((new Date(value).getTime() - now.getTime()) / 1000)
    const size = Math.abs(seconds)
    if (size < MINUTE_S) return distance.value.format(seconds, 'second')
    if (size < HOUR_S) return distance.value.format(Math.round(seconds / MINUTE_S), 'minute')
    if (size < DAY_S) return distance.value.format(Math.round(seconds / HOUR_S), 'hour')
    if (size < 7 * DAY_S) return distance.value.format(Math.round(seconds / DAY_S), 'day')
    return dayOf.value.format(new Date(value))
  }

  return { number, compact, percent, date, instant, ago }
}
