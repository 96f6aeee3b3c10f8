/**
 * The funnel with its denominators, pure: each step as a part of the messages sent and of the step before. Who converted is
 * counted once however many messages went out, so that is a part of the customers who got one; nobody has to click for it.
 */
import type { Performance } from '../campaigns.api'

export const STEPS = ['total_sent', 'delivered', 'opened', 'clicked', 'converted'] as const
export type Step = (typeof STEPS)[number]

export interface FunnelLine {
  step: Step
  count: number
  whole: number
  /** Null where nothing was sent: a part of nothing is no figure. */
  ofWhole: number | null
  ofPrevious: number | null
  previous: Step | null
}

const share = (part: number, whole: number): number | null => (whole > 0 ? part / whole : null)

export function funnelOf(performance: Pick<Performance, Step | 'customers_sent'>): FunnelLine[] {
  return STEPS.map((step, place) => {
    const previous = step === 'converted' ? null : (STEPS[place - 1] ?? null)
    const whole = step === 'converted' ? performance.customers_sent : performance.total_sent
    return {
      step,
      count: performance[step],
      whole,
      ofWhole: share(performance[step], whole),
      ofPrevious: previous === null ? null : share(performance[step], performance[previous]),
      previous,
    }
  })
}

export const excludedTotal = (excluded: Readonly<Partial<Record<string, number>>>): number => Object.values(excluded).reduce<number>((sum, count) => sum + (count ?? 0), 0)

/** The step as the list of executions is narrowed by it. */
export const stageOf = (step: Step | 'unsubscribed'): string => (step === 'total_sent' ? 'sent' : step)
