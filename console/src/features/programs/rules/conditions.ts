/** A rule as "only when … give …", and back without loss; pure. */
import type { Json } from '@/shared/RuleEditor'
import { isRecord } from '@/shared/RuleEditor/json'
import { shapeOf } from './earnShapes'

export interface RuleParts {
  /** Null: always. */
  condition: Json
  gives: Json
}

/** Takes `{"if": [condition, gives, 0]}` apart, unless the whole is a shape that the form knows by itself. */
export function partsOf(rule: Json): RuleParts {
  const whole: RuleParts = { condition: null, gives: rule }
  if (!isRecord(rule) || shapeOf(rule).kind !== 'custom' || Object.keys(rule).length !== 1) return whole
  const operands = rule['if']
  if (!Array.isArray(operands) || operands.length !== 3 || operands[2] !== 0) return whole
  const [condition, gives] = operands
  return isRecord(condition ?? null) && gives !== undefined ? { condition: condition ?? null, gives } : whole
}

export const ruleOfParts = ({ condition, gives }: RuleParts): Json => (condition === null || gives === null ? gives : { if: [condition, gives, 0] })
