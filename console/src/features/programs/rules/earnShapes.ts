/** The common shapes of an earn rule as form values, and back to JSONLogic without loss; pure. */
import type { Json } from '@/shared/RuleEditor'

export interface NothingShape { kind: 'none' }
/** So many points for each unit of money. */
export interface RateShape { kind: 'rate'; rate: number }
/** Above an amount, so many points for each unit; below it none. */
export interface ThresholdShape { kind: 'threshold'; from: number; isInclusive: boolean; rate: number }
export interface CategoryRate { category: string; rate: number }
/** A rate for each product category, and one for all others. */
export interface CategoryShape { kind: 'category'; rates: CategoryRate[]; otherwise: number }
/** The same points for every purchase. */
export interface FixedShape { kind: 'fixed'; points: number }
/** Anything else: kept as it is and edited as JSON. */
export interface CustomShape { kind: 'custom' }

export type EarnShape = NothingShape | RateShape | ThresholdShape | CategoryShape | FixedShape | CustomShape
export type EarnShapeKind = EarnShape['kind']

const AMOUNT = 'transaction_amount'
const CATEGORY = 'product_category'

const amount = (): Json => ({ var: AMOUNT })
const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)

/** The operator and operands of a rule with exactly one operator. */
function operation(rule: unknown): [string, unknown[]] | null {
  if (rule === null || typeof rule !== 'object' || Array.isArray(rule)) return null
  const entries = Object.entries(rule)
  const only = entries[0]
  if (entries.length !== 1 || !only) return null
  return [only[0], Array.isArray(only[1]) ? only[1] : [only[1]]]
}

function isVariable(rule: unknown, name: string): boolean {
  const found = operation(rule)
  return found !== null && found[0] === 'var' && found[1].length === 1 && found[1][0] === name
}

/** The rate of `amount × rate`, in the one order that we write ourselves. */
function rateOf(rule: unknown): number | null {
  if (rule === 0) return 0
  const found = operation(rule)
  if (!found || found[0] !== '*' || found[1].length !== 2) return null
  const [left, right] = found[1]
  return isVariable(left, AMOUNT) && isNumber(right) ? right : null
}

function thresholdOf(operands: unknown[]): ThresholdShape | null {
  const condition = operation(operands[0])
  if (operands.length !== 3 || operands[2] !== 0 || !condition || condition[1].length !== 2) return null
  const [left, from] = condition[1]
  const rate = operation(operands[1]) ? rateOf(operands[1]) : null
  if ((condition[0] !== '>' && condition[0] !== '>=') || !isVariable(left, AMOUNT) || !isNumber(from) || rate === null) return null
  return { kind: 'threshold', from, isInclusive: condition[0] === '>=', rate }
}

function categoriesOf(operands: unknown[]): CategoryShape | null {
  if (operands.length < 3 || operands.length % 2 === 0) return null
  const rates: CategoryRate[] = []
  for (let place = 0; place + 1 < operands.length; place += 2) {
    const condition = operation(operands[place])
    const rate = rateOf(operands[place + 1])
    if (!condition || condition[0] !== '==' || condition[1].length !== 2 || rate === null) return null
    const [left, category] = condition[1]
    if (!isVariable(left, CATEGORY) || typeof category !== 'string') return null
    rates.push({ category, rate })
  }
  const otherwise = rateOf(operands[operands.length - 1])
  return otherwise === null ? null : { kind: 'category', rates, otherwise }
}

function recognise(rule: unknown): EarnShape {
  if (rule === null || rule === undefined) return { kind: 'none' }
  if (isNumber(rule)) return { kind: 'fixed', points: rule }
  const rate = rateOf(rule)
  if (rate !== null) return { kind: 'rate', rate }
  const found = operation(rule)
  if (found?.[0] !== 'if') return { kind: 'custom' }
  return thresholdOf(found[1]) ?? categoriesOf(found[1]) ?? { kind: 'custom' }
}

/** The rule of a shape; a custom one has none of its own. */
export function ruleOf(shape: Exclude<EarnShape, CustomShape>): Json {
  const paid = (rate: number): Json => (rate === 0 ? 0 : { '*': [amount(), rate] })
  switch (shape.kind) {
    case 'none': return null
    case 'fixed': return shape.points
    case 'rate': return { '*': [amount(), shape.rate] }
    case 'threshold': return { if: [{ [shape.isInclusive ? '>=' : '>']: [amount(), shape.from] }, { '*': [amount(), shape.rate] }, 0] }
    case 'category': return { if: [...shape.rates.flatMap(({ category, rate }) => [{ '==': [{ var: CATEGORY }, category] }, paid(rate)]), paid(shape.otherwise)] }
  }
}

/** The shape of a rule; only one that gives back exactly the same rule counts, all else is custom. */
export function shapeOf(rule: unknown): EarnShape {
  const shape = recognise(rule)
  if (shape.kind === 'custom') return shape
  return JSON.stringify(ruleOf(shape)) === JSON.stringify(rule ?? null) ? shape : { kind: 'custom' }
}

/** A first value when the user picks a shape; figures that both have are carried over. */
export function startOf(kind: Exclude<EarnShapeKind, 'custom'>, before: EarnShape): Exclude<EarnShape, CustomShape> {
  const rate = before.kind === 'rate' || before.kind === 'threshold' ? before.rate : before.kind === 'category' ? before.otherwise || 1 : 1
  switch (kind) {
    case 'none': return { kind }
    case 'fixed': return { kind, points: 10 }
    case 'rate': return { kind, rate }
    case 'threshold': return { kind, from: 100, isInclusive: false, rate }
    case 'category': return { kind, rates: [{ category: '', rate: rate * 2 }], otherwise: rate }
  }
}
