/** The sentence for a trigger in the user's language. */
import { useI18n } from 'vue-i18n'
import { useFormat } from '@/shared/format/useFormat'
import type { Trigger } from '../campaigns.api'
import { sayTrigger } from './words'

/** 2023-01-01 was a Sunday, the day that cron counts as 0. */
const SUNDAY = Date.UTC(2023, 0, 1)
const DAY_MS = 86_400_000

/** A schedule of which nobody has said yet when it is. */
export const isUnsaid = (trigger: Trigger): boolean => trigger.kind === 'schedule' && !trigger.cron && !trigger.at

export function useTriggerWords() {
  const { t, te, locale } = useI18n()
  const { number, instant } = useFormat()

  const weekday = (day: number): string => new Intl.DateTimeFormat(locale.value, { weekday: 'long', timeZone: 'UTC' }).format(new Date(SUNDAY + day * DAY_MS))

  function say(trigger: Trigger): string {
    if (isUnsaid(trigger)) return t('campaigns.unsaid')
    return sayTrigger(trigger, {
      t: (key, values) => t(key, values ?? {}),
      has: (key) => te(key) || te(key, 'en'),
      weekday,
      list: (items) => new Intl.ListFormat(locale.value, { type: 'conjunction' }).format(items),
      instant,
      number,
    })
  }

  return { say, weekday }
}
