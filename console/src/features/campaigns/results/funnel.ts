/** The funnel with its denominators: each step as a part of what was sent and of the step before; pure. */
import type { Performance } from '../campaigns.api'

export const STEPS = ['total_sent', 'delivered', 'opened', 'clicked', 'converted'] as const
export type Step = (typeof STEPS)[number]

export interface FunnelLine {
  step: Step
  count: number
  /** Null where nothing was sent: a part of nothing is no figure. */
  ofSent: number | null
  ofPrevious: number | null
  previous: Step | null
}

const share = (part: number, whole: number): number | null => (whole > 0 ? part / whole : null)

export function funnelOf(performance: Pick<Performance, Step>): FunnelLine[] {
  return STEPS.map((step, place) => {
    const previous = STEPS[place - 1] ?? null
    return {
      step,
      count: performance[step],
      ofSent: share(performance[step], performance.total_sent),
      ofPrevious: previous === null ? null : share(performance[step], performance[previous]),
      previous,
    }
  })
}

export const excludedTotal = (excluded: Readonly<Partial<Record<string, number>>>): number => Object.values(excluded).reduce<number>((sum, count) => sum + (count ?? 0), 0)

/** The step as the list of executions is narrowed by it. */
export const stageOf = (step: Step): string => (step === 'total_sent' ? 'sent' : step)
