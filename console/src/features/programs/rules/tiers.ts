/** Changing the list of tiers, as pure functions; the order of the list is the order of the tiers. */
import { blankTier } from '../document/blank'
import type { Tier } from '../document/types'

const RANGE_STEP = 1000

/** `VIP Gold` gives `VIP_GOLD`, as the server would. */
export function codeFrom(name: string): string {
  return name.normalize('NFKD').replace(/[^A-Za-z0-9]+/g, '_').replace(/^_+|_+$/g, '').toUpperCase().slice(0, 40)
}

const numbered = (tiers: Tier[]): Tier[] => tiers.map((tier, position) => ({ ...tier, priority: position + 1 }))

export function withTier(tiers: readonly Tier[], name: string): Tier[] {
  const top = tiers.reduce((most, tier) => Math.max(most, tier.min_points), -RANGE_STEP)
  return numbered([...tiers, { ...blankTier(), code: codeFrom(name), name, min_points: top < 0 ? 0 : top + RANGE_STEP }])
}

export function withoutTier(tiers: readonly Tier[], position: number): Tier[] {
  return numbered(tiers.filter((_, place) => place !== position))
}

/** Moves a tier; one that was new keeps following its name with its code. */
export function movedTier(tiers: readonly Tier[], from: number, to: number): Tier[] {
  const moved = tiers[from]
  if (!moved || to < 0 || to >= tiers.length || from === to) return [...tiers]
  const rest = tiers.filter((_, place) => place !== from)
  return numbered([...rest.slice(0, to), moved, ...rest.slice(to)])
}

export function changedTier(tiers: readonly Tier[], position: number, part: Partial<Tier>): Tier[] {
  return tiers.map((tier, place) => {
    if (place !== position) return tier
    const follows = part.name !== undefined && tier.id === undefined && tier.code === codeFrom(tier.name)
    return { ...tier, ...part, ...(follows ? { code: codeFrom(part.name ?? '') } : {}) }
  })
}

/** The four tiers that most programs begin with. */
export function usualTiers(names: readonly string[]): Tier[] {
  const from = [0, 1000, 5000, 20000]
  const multipliers = ['1', '1.25', '1.5', '2']
  return numbered(names.map((name, place) => ({ ...blankTier(), code: codeFrom(name), name, min_points: from[place] ?? place * RANGE_STEP, multiplier: multipliers[place] ?? '1' })))
}

/** Tiers whose points do not rise with their order: allowed, but surely not meant. */
export function misordered(tiers: readonly Tier[]): number[] {
  return tiers.flatMap((tier, place) => (place > 0 && tier.min_points <= (tiers[place - 1]?.min_points ?? 0) ? [place] : []))
}
