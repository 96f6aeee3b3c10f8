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

/** Tiers count by what was earned ever, the boundary inclusive. */
export function tierProgress<T extends TierStep>(tiers: readonly T[], lifetime: number): TierProgress<T> {
  const rising = [...tiers].sort((left, right) => left.min_points - right.min_points)
  const current = rising.filter((tier) => tier.min_points <= lifetime).at(-1) ?? null
  const next = rising.find((tier) => tier.min_points > lifetime) ?? null
  if (next === null) return { current, next, share: 1, missing: 0 }
  const from = current?.min_points ?? 0
  return { current, next, share: (lifetime - from) / (next.min_points - from), missing: next.min_points - lifetime }
}
