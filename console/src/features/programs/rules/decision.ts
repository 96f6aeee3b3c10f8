/** The trace of an earn or a redemption as stages to read, from what counts to what was booked; pure. */
import { stepsOf, type TraceStep } from '@/shared/trace/trace'

export interface Deduction { code: string; amount: string }
export interface CountedLine { id: string; amount: string; eligible: string; reason: string; points: number | null }
export interface AskedRule {
  code: string
  name: string
  isBonus: boolean
  /** It counts; it matched, but another counted instead; it did not match or gave nothing. */
  state: 'counted' | 'outdone' | 'missed'
  reason: string
  points: string | null
  /** With the tier's multiplier. */
  total: string | null
  multiplier: string
  steps: TraceStep[]
}

export type Stage =
  | { kind: 'counts'; amount: string; eligible: string; deductions: Deduction[]; lines: CountedLine[] }
  | { kind: 'rules'; rules: AskedRule[]; stacking: string; tier: string }
  | { kind: 'base'; value: string }
  | { kind: 'tier'; name: string; multiplier: string }
  | { kind: 'bonus'; words: string; value: string }
  | { kind: 'rounded'; from: string; to: string }
  | { kind: 'cap'; code: string; period: string; scope: string; asked: number; granted: number; measure: 'points' | 'units' }
  | { kind: 'capped'; lost: number; cap: number | null }
  | { kind: 'reason'; code: string }
  | { kind: 'value'; amount: string; currency: string }

export interface Decision {
  version: number | null
  wallet: string
  currency: string
  stages: Stage[]
  /** The steps of the one rule of an older trace; a newer one has them under each rule. */
  steps: TraceStep[]
  facts: [name: string, value: unknown][]
  expiresAt: string | null
  spendableUntil: string | null
  /** Points that wait: until when, or null for until somebody confirms them. */
  waits: { until: string | null } | null
}

type Row = Record<string, unknown>
const isRecord = (value: unknown): value is Row => value !== null && typeof value === 'object' && !Array.isArray(value)
const rowsOf = (value: unknown): Row[] => (Array.isArray(value) ? value.filter(isRecord) : [])
const textOf = (value: unknown): string | null => (typeof value === 'string' || typeof value === 'number' ? String(value) : null)
const numberOf = (value: unknown): number | null => (textOf(value) === null || Number.isNaN(Number(value)) ? null : Number(value))

/** Exact texts multiplied for the eye; the server's own figure stands at the end. */
function times(points: string | null, multiplier: string): string | null {
  return points === null ? null : String(Number((Number(points) * Number(multiplier)).toFixed(6)))
}

function ruleOf(row: Row): AskedRule {
  const isMatched = row['is_matched'] === true
  const given = textOf(row['points'])
  // A rule that gives nothing has no figure to show, whatever it was asked beside.
  const points = Number(given) === 0 ? null : given
  const multiplier = textOf(row['multiplier']) ?? '1'
  return {
    code: textOf(row['code']) ?? '', name: textOf(row['name']) || (textOf(row['code']) ?? ''), isBonus: row['kind'] === 'bonus',
    state: row['is_counted'] === true ? 'counted' : isMatched && points !== null ? 'outdone' : 'missed', reason: textOf(row['reason']) ?? '', points, total: times(points, multiplier), multiplier, steps: stepsOf(row['steps']),
  }
}

function countsOf(base: unknown): Stage[] {
  if (!isRecord(base)) return []
  const amount = textOf(base['amount'])
  const eligible = textOf(base['eligible_amount'])
  if (amount === null || eligible === null) return []
  return [{
    kind: 'counts', amount, eligible,
    deductions: rowsOf(base['deductions']).map((row) => ({ code: textOf(row['code']) ?? '', amount: textOf(row['amount']) ?? '0' })),
    lines: rowsOf(base['lines']).map((row) => ({ id: textOf(row['line_id']) ?? '', amount: textOf(row['amount']) ?? '0', eligible: textOf(row['eligible_amount']) ?? '0', reason: textOf(row['reason']) ?? '', points: numberOf(row['points']) })),
  }]
}

function tierOf(trace: Row, rules: readonly AskedRule[]): Stage[] {
  const tier = trace['tier']
  const multiplier = textOf(trace['multiplier'])
  if (multiplier === null || (!isRecord(tier) && Number(multiplier) === 1)) return []
  // Where there are rules, each says by how much the tier lifted it.
  if (rules.length > 0) return []
  return [{ kind: 'tier', name: isRecord(tier) ? (textOf(tier['name']) ?? '') : '', multiplier }]
}

/** Bonuses that came from elsewhere (promotions); those of rules stand among the rules. */
function bonusesOf(raw: unknown, rules: readonly AskedRule[]): Stage[] {
  return rowsOf(raw).filter((bonus) => !rules.some((rule) => rule.isBonus && rule.code === bonus['code'])).map((bonus) => ({ kind: 'bonus', words: textOf(bonus['words']) || textOf(bonus['code']) || '', value: textOf(bonus['points']) ?? '0' }))
}

/** A cap that cut nothing is no news. */
function capsOf(trace: Row, lost: number): Stage[] {
  const cut = rowsOf(trace['caps']).flatMap((cap): Stage[] => {
    const asked = numberOf(cap['asked'])
    const granted = numberOf(cap['granted'])
    if (asked === null || granted === null || granted >= asked) return []
    return [{ kind: 'cap', code: textOf(cap['code']) ?? textOf(cap['cap_ref']) ?? '', period: textOf(cap['period']) ?? '', scope: textOf(cap['scope']) ?? '', asked, granted, measure: cap['measure'] === 'money' ? 'units' : 'points' }]
  })
  if (cut.length > 0 || lost <= 0) return cut
  const daily = trace['cap_daily']
  return [{ kind: 'capped', lost, cap: typeof daily === 'number' ? daily : null }]
}

export function decisionOf(trace: unknown, lost = 0): Decision {
  const none: Decision = { version: null, wallet: '', currency: '', stages: [], steps: stepsOf(trace), facts: [], expiresAt: null, spendableUntil: null, waits: null }
  if (!isRecord(trace)) return none
  const asked = rowsOf(trace['rules']).map(ruleOf)
  const rules = [...asked.filter((rule) => !rule.isBonus), ...asked.filter((rule) => rule.isBonus)]
  const stages = countsOf(trace['base'])
  const base = textOf(trace['base_points'])
  if (rules.length > 0) stages.push({ kind: 'rules', rules, stacking: textOf(trace['stacking']) ?? '', tier: isRecord(trace['tier']) ? (textOf(trace['tier']['name']) ?? '') : '' })
  else if (base !== null) stages.push({ kind: 'base', value: base })
  stages.push(...tierOf(trace, rules), ...bonusesOf(trace['bonuses'], rules))
  const exact = textOf(trace['exact_points'])
  const whole = textOf(trace['points_before_caps'])
  if (exact !== null && whole !== null && exact !== whole) stages.push({ kind: 'rounded', from: exact, to: whole })
  stages.push(...capsOf(trace, lost || (numberOf(trace['points_lost_to_caps']) ?? 0)))
  const reason = textOf(trace['reason'])
  if (reason) stages.push({ kind: 'reason', code: reason })
  const value = trace['value']
  if (isRecord(value)) stages.push({ kind: 'value', amount: textOf(value['amount']) ?? '', currency: textOf(value['currency']) ?? '' })
  const facts = isRecord(trace['facts']) ? trace['facts'] : {}
  const expiry = isRecord(trace['expiry']) ? trace['expiry'] : {}
  const activation = trace['activation']
  return {
    version: numberOf(trace['program_version']), wallet: textOf(trace['wallet']) ?? '', currency: textOf(facts['currency']) ?? '', stages, steps: rules.length > 0 ? [] : stepsOf(trace['steps']), facts: Object.entries(facts),
    expiresAt: textOf(expiry['expires_at']), spendableUntil: textOf(expiry['spendable_until']), waits: isRecord(activation) ? { until: textOf(activation['activates_at']) } : null,
  }
}
