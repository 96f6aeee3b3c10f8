/** Steps of a decision as the server traces them, and a rule as a short formula; pure. */

export interface TraceStep {
  /** The server's sentence for this part of the rule, where it has one. */
  words: string | null
  rule: unknown
  facts: Record<string, unknown>
  value: unknown
  decisive: boolean
}

const isRecord = (value: unknown): value is Record<string, unknown> => value !== null && typeof value === 'object' && !Array.isArray(value)

/** Steps as they come over the wire; the engine's own names (`words`, `is_decisive`) count as well as the contract's. */
export function stepsOf(raw: unknown): TraceStep[] {
  if (!Array.isArray(raw)) return []
  return raw.filter(isRecord).map((step) => ({
    words: typeof step['words'] === 'string' ? step['words'] : typeof step['rule'] === 'string' ? step['rule'] : null,
    rule: step['rule'] ?? null,
    facts: isRecord(step['facts']) ? step['facts'] : {},
    value: step['value'],
    decisive: (step['decisive'] ?? step['is_decisive']) === true,
  }))
}

const INFIX: Record<string, string> = {
  '==': '=', '===': '=', '!=': '≠', '!==': '≠', '>': '>', '>=': '≥', '<': '<', '<=': '≤', '+': '+', '-': '−', '*': '×', '/': '÷', '%': 'mod', in: 'in', and: 'and', or: 'or',
}
/** Binds weaker to stronger; a weaker part inside a stronger one gets brackets. */
const STRENGTH: Record<string, number> = { or: 1, and: 2, '==': 3, '===': 3, '!=': 3, '!==': 3, '>': 3, '>=': 3, '<': 3, '<=': 3, in: 3, '+': 4, '-': 4, '*': 5, '/': 5, '%': 5 }
const STRENGTH_MAX = 9

function literal(value: unknown): string {
  if (typeof value === 'string') return `"${value}"`
  if (Array.isArray(value)) return value.map((item) => formulaOf(item)).join(', ')
  return JSON.stringify(value)
}

function operandsOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [value]
}

function branchesOf(operands: readonly unknown[]): string {
  const parts: string[] = []
  for (let place = 0; place + 1 < operands.length; place += 2) parts.push(`if ${formulaOf(operands[place])}: ${formulaOf(operands[place + 1])}`)
  if (operands.length % 2 === 1) parts.push(`else ${formulaOf(operands[operands.length - 1])}`)
  return parts.join('; ')
}

/** `{"*": [{"var": "transaction_amount"}, 0.1]}` as `transaction_amount × 0.1`. */
export function formulaOf(rule: unknown, around = 0): string {
  if (rule === null || typeof rule !== 'object' || Array.isArray(rule)) return literal(rule)
  const entry = Object.entries(rule)[0]
  if (!entry) return '{}'
  const [operator, given] = entry
  const operands = operandsOf(given)
  if (operator === 'var' || operator === 'val') return operands.map(String).join('.')
  if (operator === 'if' || operator === '?:') return around > 0 ? `(${branchesOf(operands)})` : branchesOf(operands)
  if (operator === '!' ) return `not ${formulaOf(operands[0], STRENGTH_MAX)}`
  // `and` of one part is that part.
  if ((operator === 'and' || operator === 'or') && operands.length === 1) return formulaOf(operands[0], around)
  const mark = INFIX[operator]
  if (mark === undefined || operands.length < 2) return `${operator}(${operands.map((part) => formulaOf(part)).join(', ')})`
  const strength = STRENGTH[operator] ?? STRENGTH_MAX
  const text = operands.map((part) => formulaOf(part, strength)).join(` ${mark} `)
  return strength < around ? `(${text})` : text
}

/** A fact or result as one reads it. */
export function valueText(value: unknown): string {
  if (value === null || value === undefined) return '—'
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
