/** The trace of an earn or a redemption as lines to read: from the rule to what was booked; pure. */
import { stepsOf, type TraceStep } from '@/shared/trace/trace'

export type DecisionLine =
  | { kind: 'base'; value: string }
  | { kind: 'tier'; name: string; multiplier: string }
  | { kind: 'bonus'; words: string; value: string }
  | { kind: 'rounded'; from: string; to: string }
  | { kind: 'capped'; lost: number; cap: number | null }
  | { kind: 'reason'; code: string }
  | { kind: 'value'; amount: string; currency: string }

export interface Decision {
  version: number | null
  lines: DecisionLine[]
  steps: TraceStep[]
}

const isRecord = (value: unknown): value is Record<string, unknown> => value !== null && typeof value === 'object' && !Array.isArray(value)
const textOf = (value: unknown): string | null => (typeof value === 'string' || typeof value === 'number' ? String(value) : null)

function bonusesOf(raw: unknown): DecisionLine[] {
  if (!Array.isArray(raw)) return []
  return raw.filter(isRecord).map((bonus) => ({ kind: 'bonus', words: textOf(bonus['words']) || textOf(bonus['code']) || '', value: textOf(bonus['points']) ?? '0' }))
}

export function decisionOf(trace: unknown, lost = 0): Decision {
  if (!isRecord(trace)) return { version: null, lines: [], steps: stepsOf(trace) }
  const lines: DecisionLine[] = []
  const base = textOf(trace['base_points'])
  if (base !== null) lines.push({ kind: 'base', value: base })
  const tier = trace['tier']
  const multiplier = textOf(trace['multiplier'])
  if (multiplier !== null && (isRecord(tier) || Number(multiplier) !== 1)) lines.push({ kind: 'tier', name: isRecord(tier) ? (textOf(tier['name']) ?? '') : '', multiplier })
  lines.push(...bonusesOf(trace['bonuses']))
  const exact = textOf(trace['exact_points'])
  const whole = textOf(trace['points_before_caps'])
  if (exact !== null && whole !== null && exact !== whole) lines.push({ kind: 'rounded', from: exact, to: whole })
  const cap = trace['cap_daily']
  if (lost > 0) lines.push({ kind: 'capped', lost, cap: typeof cap === 'number' ? cap : null })
  const reason = textOf(trace['reason'])
  if (reason) lines.push({ kind: 'reason', code: reason })
  const value = trace['value']
  if (isRecord(value)) lines.push({ kind: 'value', amount: textOf(value['amount']) ?? '', currency: textOf(value['currency']) ?? '' })
  const version = trace['program_version']
  return { version: typeof version === 'number' ? version : null, lines, steps: stepsOf(trace['steps']) }
}
