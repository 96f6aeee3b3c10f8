import { describe, expect, it } from 'vitest'
import { scheduleOf, startOf, triggerOf, wallTime, type Schedule } from './schedule'

const zone = 'Asia/Beirut'
const cron = (line: string): Schedule => scheduleOf({ kind: 'schedule', timezone: zone, cron: line })

describe('schedule', () => {
  it.each<[string, Schedule]>([
    ['0 9 * * *', { every: 'day', time: '09:00' }],
    ['30 18 * * 1,5', { every: 'week', days: [1, 5], time: '18:30' }],
    ['5 0 31 * *', { every: 'month', day: 31, time: '00:05' }],
  ])('test_schedule__line_%s__read_and_written_the_same', (line, schedule) => {
    expect(cron(line)).toEqual(schedule)
    expect(triggerOf(schedule, zone).cron).toBe(line)
  })

  it.each(['*/5 * * * *', '0 9 * 1 *', '0 9 1 * 1', '0 9-17 * * *', '0 9 * * MON', '0 25 * * *'])('test_schedule__line_%s__kept_as_it_is', (line) => {
    expect(cron(line)).toEqual({ every: 'custom', cron: line })
    expect(triggerOf(cron(line), zone).cron).toBe(line)
  })

  it('test_schedule__sunday_written_as_seven__is_sunday', () => {
    expect(cron('0 9 * * 7')).toEqual({ every: 'week', days: [0], time: '09:00' })
  })

  it('test_once__instant_with_offset__shown_in_the_zone', () => {
    expect(scheduleOf({ kind: 'schedule', timezone: zone, at: '2026-11-23T07:00:00+00:00' })).toEqual({ every: 'once', at: '2026-11-23T09:00' })
  })

  it('test_wall_time__midnight__hour_is_zero', () => {
    expect(wallTime('2026-11-22T22:00:00Z', zone)).toBe('2026-11-23T00:00')
  })

  it('test_start__from_week_to_day__keeps_the_time', () => {
    expect(startOf('day', { every: 'week', days: [2], time: '18:30' }, '2026-11-21')).toEqual({ every: 'day', time: '18:30' })
  })
})
