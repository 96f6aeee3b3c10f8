/** How often the figures of a campaign are asked for anew, pure: they move until the last message has left. */
import type { Performance } from '../campaigns.api'

const MOVING_EVERY_MS = 3_000
/** They are read out of the ledger of sends, which of many takes a while. */
const MANY = 100_000
const MANY_EVERY_MS = 30_000

/** Placing everybody in the queue is over long before everything that was placed has been sent. */
export function pollEveryMs(told: Pick<Performance, 'queued' | 'placed'> | undefined, isPlacing: boolean, status: string | undefined): number | false {
  const isMoving = isPlacing || (status === 'ACTIVE' && (told?.queued ?? 0) > 0)
  if (!isMoving) return false
  return (told?.placed ?? 0) > MANY ? MANY_EVERY_MS : MOVING_EVERY_MS
}
