/** How far a member is on the way to the next tier; pure. */

export interface TierStep { code: string; name: string; min_points: number; color?: string }
export interface TierProgress<T extends TierStep> {
  current: T | null
  /** Null at the top. */
  next: T | null
  /** Between the current tier and the next one, from 0 to 1. */
  share: number
  missing: number
}

export interface Outlook<T extends TierStep> {
  next_tier: T | null
  points_qualifying: number
  points_to_next: number | null
}

/** What counts for the tiers and what is missing, as the server tells it: by points, money or purchases, in the program's window. */
export function progressOf<T extends TierStep>(current: T | null, outlook: Outlook<T>): TierProgress<T> {
  const next = outlook.next_tier
  if (next === null) return { current, next, share: 1, missing: 0 }
  const missing = Math.max(0, Number(outlook.points_to_next ?? next.min_points - outlook.points_qualifying))
  const from = Math.min(current?.min_points ?? 0, next.min_points - 1)
  const share = 1 - missing / (next.min_points - from)
  return { current, next, share: Math.min(1, Math.max(0, share)), missing }
}

/** Tiers count by what was earned ever, the boundary inclusive. */
export function tierProgress<T extends TierStep>(tiers: readonly T[], lifetime: number): TierProgress<T> {
  const rising = [...tiers].sort((left, right) => left.min_points - right.min_points)
  const current = rising.filter((tier) => tier.min_points <= lifetime).at(-1) ?? null
  const next = rising.find((tier) => tier.min_points > lifetime) ?? null
  if (next === null) return { current, next, share: 1, missing: 0 }
  const from = current?.min_points ?? 0
  return { current, next, share: (lifetime - from) / (next.min_points - from), missing: next.min_points - lifetime }
}
