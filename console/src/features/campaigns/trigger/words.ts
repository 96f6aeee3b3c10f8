/** What sets a campaign off, in one sentence; the words come from the locale files. */
import { formulaOf } from '@/shared/trace/trace'
import type { Trigger } from '../campaigns.api'
import { scheduleOf } from './schedule'

export interface Words {
  t: (key: string, values?: Record<string, unknown>) => string
  has: (key: string) => boolean
  weekday: (day: number) => string
  list: (items: string[]) => string
  instant: (wall: string) => string
  number: (value: number) => string
}

/** `customer.purchase` as a locale key, where a dot would mean a level. */
export const eventKey = (eventType: string): string => `campaigns.events.${eventType.replaceAll('.', '_')}`

export function sayTrigger(trigger: Trigger, words: Words): string {
  if (trigger.kind === 'event') {
    const event = words.has(eventKey(trigger.event_type)) ? words.t(eventKey(trigger.event_type)) : trigger.event_type
    if (trigger.filter === null) return words.t('campaigns.say.event', { event })
    return words.t('campaigns.say.eventFiltered', { event, condition: formulaOf(trigger.filter) })
  }
  if (trigger.kind === 'threshold') {
    return words.t(`campaigns.say.${trigger.measure}`, { operator: words.t(`campaigns.operators.${OPERATOR_KEYS[trigger.operator]}`), value: words.number(Number(trigger.value)) })
  }
  const schedule = scheduleOf(trigger)
  const zone = words.has(`campaigns.zones.${trigger.timezone}`) ? words.t(`campaigns.zones.${trigger.timezone}`) : trigger.timezone
  switch (schedule.every) {
    case 'once': return words.t('campaigns.say.once', { when: words.instant(schedule.at), zone })
    case 'day': return words.t('campaigns.say.day', { time: schedule.time, zone })
    case 'week': return words.t('campaigns.say.week', { days: words.list(schedule.days.map((day) => words.weekday(day))), time: schedule.time, zone })
    case 'month': return words.t('campaigns.say.month', { day: schedule.day, time: schedule.time, zone })
    case 'custom': return words.t('campaigns.say.custom', { cron: schedule.cron, zone })
  }
}

export const OPERATOR_KEYS = { '>': 'gt', '>=': 'gte', '<': 'lt', '<=': 'lte' } as const
