/** A schedule as people choose it, and as the cron line or instant that the server keeps; pure. */
import type { ScheduleTrigger } from '../campaigns.api'

export type Schedule =
  | { every: 'once'; at: string }
  | { every: 'day'; time: string }
  | { every: 'week'; days: number[]; time: string }
  | { every: 'month'; day: number; time: string }
  | { every: 'custom'; cron: string }
export type Every = Schedule['every']

export const TIME_USUAL = '09:00'
const WHOLE = /^\d{1,2}$/
const two = (value: number): string => String(value).padStart(2, '0')

/** The clock of a zone at an instant, as `2026-11-23T09:00`. */
export function wallTime(instant: string, zone: string): string {
  const at = new Date(instant)
  if (Number.isNaN(at.getTime())) return ''
  const parts = new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).formatToParts(at)
  const part = (type: Intl.DateTimeFormatPartTypes): string => parts.find((one) => one.type === type)?.value ?? ''
  return `${part('year')}-${part('month')}-${part('day')}T${part('hour')}:${part('minute')}`
}

/** An instant without offset is the wall time of the zone already. */
const hasOffset = (text: string): boolean => /(?:Z|[+-]\d{2}:?\d{2})$/.test(text)

function daysOf(field: string): number[] | null {
  const days = field.split(',').map((one) => (/^[0-7]$/.test(one) ? Number(one) % 7 : null))
  return days.some((day) => day === null) ? null : [...new Set(days as number[])].sort((left, right) => left - right)
}

export function scheduleOf(trigger: ScheduleTrigger): Schedule {
  if (trigger.at !== undefined) return { every: 'once', at: hasOffset(trigger.at) ? wallTime(trigger.at, trigger.timezone) : trigger.at.slice(0, 16) }
  const cron = trigger.cron ?? ''
  const [minute = '', hour = '', day = '', month = '', weekday = ''] = cron.split(' ')
  if (!WHOLE.test(minute) || !WHOLE.test(hour) || month !== '*' || Number(minute) > 59 || Number(hour) > 23) return { every: 'custom', cron }
  const time = `${two(Number(hour))}:${two(Number(minute))}`
  if (day === '*' && weekday === '*') return { every: 'day', time }
  const days = daysOf(weekday)
  if (day === '*' && days) return { every: 'week', days, time }
  if (weekday === '*' && WHOLE.test(day) && Number(day) >= 1 && Number(day) <= 31) return { every: 'month', day: Number(day), time }
  return { every: 'custom', cron }
}

export function triggerOf(schedule: Schedule, timezone: string): ScheduleTrigger {
  const base = { kind: 'schedule' as const, timezone }
  if (schedule.every === 'once') return { ...base, at: schedule.at }
  if (schedule.every === 'custom') return { ...base, cron: schedule.cron }
  const [hour = '9', minute = '0'] = schedule.time.split(':')
  const clock = `${Number(minute)} ${Number(hour)}`
  if (schedule.every === 'day') return { ...base, cron: `${clock} * * *` }
  if (schedule.every === 'week') return { ...base, cron: `${clock} * * ${(schedule.days.length ? schedule.days : [1]).join(',')}` }
  return { ...base, cron: `${clock} ${schedule.day} * *` }
}

/** A first value when the user picks how often; the time of day is carried over. */
export function startOf(every: Every, before: Schedule, tomorrow: string): Schedule {
  const time = 'time' in before ? before.time : TIME_USUAL
  switch (every) {
    case 'once': return { every, at: `${tomorrow}T${time}` }
    case 'day': return { every, time }
    case 'week': return { every, days: [1], time }
    case 'month': return { every, day: 1, time }
    case 'custom': return { every, cron: triggerOf(before, 'UTC').cron ?? '0 9 * * 1' }
  }
}
