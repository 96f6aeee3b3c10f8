/** The contact policy as it is edited. */
import type { Cap, ContactPolicy, PolicyDraft, QuietHours } from '../delivery.api'

/** A copy to edit, so that the stored one stays to compare with. */
export const draftOf = (policy: ContactPolicy | PolicyDraft): PolicyDraft => ({ caps: policy.caps.map((cap) => ({ ...cap })), quiet_hours: policy.quiet_hours.map((quiet) => ({ ...quiet })), holdout_percent: policy.holdout_percent, time_zone: policy.time_zone })

const capKey = (cap: Cap): string => [cap.sends_max, cap.hours, cap.channel, cap.purpose].join('|')
const quietKey = (quiet: QuietHours): string => [quiet.starts, quiet.ends, quiet.channel, quiet.purpose].join('|')
const keyOf = (policy: PolicyDraft): string => JSON.stringify([policy.caps.map(capKey), policy.quiet_hours.map(quietKey), policy.holdout_percent, policy.time_zone])

export const isSamePolicy = (one: PolicyDraft, other: PolicyDraft): boolean => keyOf(one) === keyOf(other)

const HOURS_OF_A_DAY = 24
/** Whole days as days, everything else as hours. */
export function spanOf(hours: number): { unit: 'days' | 'hours'; count: number } {
  return hours >= HOURS_OF_A_DAY && hours % HOURS_OF_A_DAY === 0 ? { unit: 'days', count: hours / HOURS_OF_A_DAY } : { unit: 'hours', count: hours }
}

/** Whether quiet hours go over midnight. */
export const isOverMidnight = (quiet: QuietHours): boolean => quiet.starts !== '' && quiet.ends !== '' && quiet.ends < quiet.starts
