/**
 * Names and values of what differs, as an act of the audit log or a request keeps them: by the trade's own words in the
 * documents of the API, which other languages have words for; a name without one stays as it is.
 */
import { useI18n } from 'vue-i18n'

const TEXT_MAX = 2000
/** A name of the server's own making, such as `points_max`; codes that people chose are not taken apart. */
const NAME = /^[a-z][a-z_]*$/
/** Places that hold a state, whose values have words of their own. */
const STATE = /(^|[/.])(status|state)$/

export function usePlaceWords() {
  const { t, te } = useI18n()
  const nameOf = (part: string): string => (NAME.test(part) && te(`server.place.${part}`) ? t(`server.place.${part}`) : part.replaceAll('_', ' '))
  /** The parts of a place, each in words; `/` and `.` both part them. */
  const placeWords = (path: string): string => path.split(/[/.]/).filter((part) => part !== '').map(nameOf).join(' › ')
  /** What stands at a place; null where there is nothing. */
  function valueWords(value: unknown, path = ''): string | null {
    if (value === undefined || value === null) return null
    if (typeof value === 'boolean') return t(value ? 'trace.yes' : 'trace.no')
    if (typeof value === 'string' && STATE.test(path) && te(`status.${value}`)) return t(`status.${value}`)
    const text = typeof value === 'string' ? value : JSON.stringify(value, null, 1)
    return text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)} …` : text
  }
  return { placeWords, valueWords }
}
