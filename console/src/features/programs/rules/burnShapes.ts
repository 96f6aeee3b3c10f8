/** The value of points as a form value, and back to JSONLogic without loss; pure. */
import type { Json } from '@/shared/RuleEditor'

/** `points` of them are worth one unit of the program's currency. */
export interface WorthShape { kind: 'worth'; points: number }
export type BurnShape = { kind: 'none' } | WorthShape | { kind: 'custom' }

const POINTS = 'points_requested'

export const burnRuleOf = (points: number): Json => ({ '/': [{ var: POINTS }, points] })

export function burnShapeOf(rule: unknown): BurnShape {
  if (rule === null || rule === undefined) return { kind: 'none' }
  if (typeof rule !== 'object') return { kind: 'custom' }
  const operands: unknown = (rule as Record<string, unknown>)['/']
  const points: unknown = Array.isArray(operands) ? operands[1] : undefined
  if (typeof points !== 'number' || !(points > 0)) return { kind: 'custom' }
  return JSON.stringify(burnRuleOf(points)) === JSON.stringify(rule) ? { kind: 'worth', points } : { kind: 'custom' }
}
