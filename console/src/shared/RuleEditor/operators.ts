/** The comparisons of the visual editor: how each is written in JSONLogic, which types it suits, and what it starts with. */
import type { FieldType } from '@/shared/FieldPicker/fields'
import { isExactNumber } from '@/shared/http/exact'
import { isRecord, type Json } from './json'

export type OperatorName =
  | 'gt' | 'gte' | 'lt' | 'lte' | 'eq' | 'neq' | 'between'
  | 'in' | 'not_in' | 'contains' | 'not_contains'
  | 'starts_with' | 'ends_with'
  | 'is_true' | 'is_false' | 'is_empty' | 'not_empty' | 'within_days' | 'ahead_days'
  | 'since_gt' | 'since_gte' | 'since_lt' | 'since_lte'

/** What a value field has to offer; `none` has no value at all. */
export type ValueShape = 'none' | 'one' | 'range' | 'many' | 'days'

interface Operator {
  shape: ValueShape
  types: readonly FieldType[]
  /** The comparison of a fact, as it is written, with a value. */
  emit: (fact: Json, value: Json) => Json
}

const NUMBERS = ['integer', 'decimal'] as const
const DAYS = ['date', 'datetime'] as const
const LISTS = ['text_list', 'number_list'] as const
const ORDERED = [...NUMBERS, ...DAYS]
const SINGLE = [...ORDERED, 'text'] as const
const EVERY = [...SINGLE, 'boolean', ...LISTS] as const

const since = (sign: string) => (fact: Json, value: Json): Json => ({ [sign]: [{ days_since: fact }, value] })
const compare = (sign: string) => (fact: Json, value: Json): Json => ({ [sign]: [fact, value] })

export const OPERATORS: Record<OperatorName, Operator> = {
  gt: { shape: 'one', types: ORDERED, emit: compare('>') },
  gte: { shape: 'one', types: ORDERED, emit: compare('>=') },
  lt: { shape: 'one', types: ORDERED, emit: compare('<') },
  lte: { shape: 'one', types: ORDERED, emit: compare('<=') },
  between: { shape: 'range', types: ORDERED, emit: (fact, value) => ({ '<=': [(value as Json[])[0] ?? null, fact, (value as Json[])[1] ?? null] }) },
  within_days: { shape: 'days', types: DAYS, emit: (fact, value) => ({ within_days: [fact, value] }) },
  ahead_days: { shape: 'days', types: DAYS, emit: (fact, value) => ({ within_days: [fact, -Number(value)] }) },
  since_gt: { shape: 'days', types: DAYS, emit: since('>') },
  since_gte: { shape: 'days', types: DAYS, emit: since('>=') },
  since_lt: { shape: 'days', types: DAYS, emit: since('<') },
  since_lte: { shape: 'days', types: DAYS, emit: since('<=') },
  in: { shape: 'many', types: [...NUMBERS, 'text'], emit: (fact, value) => ({ in: [fact, value] }) },
  not_in: { shape: 'many', types: [...NUMBERS, 'text'], emit: (fact, value) => ({ '!': { in: [fact, value] } }) },
  eq: { shape: 'one', types: SINGLE, emit: compare('==') },
  neq: { shape: 'one', types: SINGLE, emit: compare('!=') },
  contains: { shape: 'one', types: ['text', ...LISTS], emit: (fact, value) => ({ in: [value, fact] }) },
  not_contains: { shape: 'one', types: ['text', ...LISTS], emit: (fact, value) => ({ '!': { in: [value, fact] } }) },
  starts_with: { shape: 'one', types: ['text'], emit: (fact, value) => ({ starts_with: [fact, value] }) },
  ends_with: { shape: 'one', types: ['text'], emit: (fact, value) => ({ ends_with: [fact, value] }) },
  is_true: { shape: 'none', types: ['boolean'], emit: (fact) => ({ '==': [fact, true] }) },
  is_false: { shape: 'none', types: ['boolean'], emit: (fact) => ({ '==': [fact, false] }) },
  is_empty: { shape: 'none', types: EVERY, emit: (fact) => ({ '==': [fact, null] }) },
  not_empty: { shape: 'none', types: EVERY, emit: (fact) => ({ '!=': [fact, null] }) },
}

export const OPERATOR_NAMES = Object.keys(OPERATORS) as OperatorName[]

export const operatorsFor = (type: FieldType): OperatorName[] => OPERATOR_NAMES.filter((name) => OPERATORS[name].types.includes(type))

/** What is compared of a text instead of the text as it stands. */
export type TextFunction = 'lower' | 'upper' | 'trim' | 'length'

export const TEXT_FUNCTIONS: readonly TextFunction[] = ['lower', 'upper', 'trim', 'length']

export interface Comparison {
  field: string
  operator: OperatorName
  value: Json
  /** `{"lower": {"var": "city"}}` instead of the plain field. */
  through?: TextFunction
  /** The function is written with its operand in a list. */
  isListed?: boolean
}

/** The type of what is compared: the length of a text is a number. */
export const comparedType = (type: FieldType, through: TextFunction | undefined): FieldType => (through === 'length' ? 'integer' : type)

/** The comparison as it is written. */
export function emitComparison({ field, operator, value, through, isListed }: Comparison): Json {
  const plain: Json = { var: field }
  return OPERATORS[operator].emit(through === undefined ? plain : { [through]: isListed ? [plain] : plain }, value)
}

const SIGNS: Record<string, OperatorName> = { '>': 'gt', '>=': 'gte', '<': 'lt', '<=': 'lte', '==': 'eq', '!=': 'neq' }

/** The name of the field when this is a plain `{"var": "name"}`; other spellings stay JSON. */
function fieldOf(value: Json | undefined): string | null {
  if (!isRecord(value)) return null
  const name = value['var']
  return Object.keys(value).length === 1 && typeof name === 'string' && name !== '' ? name : null
}

type Fact = Pick<Comparison, 'field' | 'through' | 'isListed'>

/** A plain field, or a text function of one. */
function factOf(value: Json | undefined): Fact | null {
  const field = fieldOf(value)
  if (field !== null) return { field }
  if (!isRecord(value) || Object.keys(value).length !== 1) return null
  const through = TEXT_FUNCTIONS.find((name) => name in value)
  if (through === undefined) return null
  const operand = value[through]
  const isListed = Array.isArray(operand) && operand.length === 1
  const inner = fieldOf(isListed ? operand[0] : operand)
  return inner === null ? null : { field: inner, through, ...(isListed ? { isListed } : {}) }
}

/** A number, text or yes/no, or a day written as `{"date": "2026-11-20"}`, `{"days_ago": 30}` or `{"today": []}`. */
export function isLiteral(value: Json | undefined): value is Json {
  if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean' || isExactNumber(value)) return true
  if (!isRecord(value) || Object.keys(value).length !== 1) return false
  return typeof value['date'] === 'string' || typeof value['datetime'] === 'string' || isRelativeDay(value)
}

/** A day that moves with the calendar. */
export function isRelativeDay(value: Json | undefined): boolean {
  if (!isRecord(value)) return false
  return typeof value['days_ago'] === 'number' || (Array.isArray(value['today']) && value['today'].length === 0)
}

const isChoice = (value: Json | undefined): value is Json[] => Array.isArray(value) && value.every((item) => typeof item === 'string' || typeof item === 'number' || isExactNumber(item))

const SINCE: Partial<Record<OperatorName, OperatorName>> = { gt: 'since_gt', gte: 'since_gte', lt: 'since_lt', lte: 'since_lte' }

/** `{">": [{"days_since": {"var": "joined_on"}}, 30]}` as "more than 30 days ago". */
function readSince(sign: OperatorName, operands: Json[]): Comparison | null {
  const [left, days] = operands
  const operator = SINCE[sign]
  if (!isRecord(left) || Object.keys(left).length !== 1 || operator === undefined || typeof days !== 'number') return null
  const field = fieldOf(left['days_since'])
  return field === null ? null : { field, operator, value: days }
}

function readSign(sign: OperatorName, operands: Json[]): Comparison | null {
  if (operands.length === 3 && sign === 'lte') {
    const fact = factOf(operands[1])
    return fact !== null && isLiteral(operands[0]) && isLiteral(operands[2]) ? { ...fact, operator: 'between', value: [operands[0], operands[2]] } : null
  }
  if (operands.length !== 2) return null
  const fact = factOf(operands[0])
  const value = operands[1]
  if (value === undefined) return null
  if (fact === null) return readSince(sign, operands)
  if (value === null) return sign === 'eq' ? { ...fact, operator: 'is_empty', value } : sign === 'neq' ? { ...fact, operator: 'not_empty', value } : null
  if (sign === 'eq' && typeof value === 'boolean') return { ...fact, operator: value ? 'is_true' : 'is_false', value: null }
  return isLiteral(value) ? { ...fact, operator: sign, value } : null
}

function readIn(operands: Json[]): Comparison | null {
  if (operands.length !== 2) return null
  const [needle, haystack] = operands
  const asked = factOf(needle)
  if (asked !== null) return isChoice(haystack) ? { ...asked, operator: 'in', value: haystack } : null
  const fact = factOf(haystack)
  return fact !== null && (typeof needle === 'string' || typeof needle === 'number' || isExactNumber(needle)) ? { ...fact, operator: 'contains', value: needle } : null
}

const OPPOSITES: Partial<Record<OperatorName, OperatorName>> = { in: 'not_in', contains: 'not_contains' }

/** One comparison of the visual editor, or null when the rule says something it has no line for. */
export function readComparison(rule: Json): Comparison | null {
  if (!isRecord(rule)) return null
  const names = Object.keys(rule)
  const name = names[0]
  if (names.length !== 1 || name === undefined) return null
  const operands = rule[name]
  if (name === '!' && isRecord(operands)) {
    const inner = readComparison(operands)
    const opposite = inner ? OPPOSITES[inner.operator] : undefined
    return inner && opposite ? { ...inner, operator: opposite } : null
  }
  if (!Array.isArray(operands)) return null
  if (name === 'in') return readIn(operands)
  if (name === 'within_days') {
    const field = fieldOf(operands[0])
    const days = operands[1]
    if (field === null || operands.length !== 2 || typeof days !== 'number') return null
    // A negative number of days looks ahead.
    return days < 0 ? { field, operator: 'ahead_days', value: -days } : { field, operator: 'within_days', value: days }
  }
  if (name === 'starts_with' || name === 'ends_with') {
    const fact = factOf(operands[0])
    return fact !== null && operands.length === 2 && typeof operands[1] === 'string' ? { ...fact, operator: name, value: operands[1] } : null
  }
  const sign = SIGNS[name]
  return sign === undefined ? null : readSign(sign, operands)
}

/** What a value begins with; `today` as YYYY-MM-DD, because this file reads no clock. */
export function firstValue(operator: OperatorName, type: FieldType, today: string): Json {
  const one: Json = type === 'date' ? { date: today } : type === 'datetime' ? { datetime: `${today}T00:00:00Z` } : type === 'text' || type === 'text_list' ? '' : 0
  const shape = OPERATORS[operator].shape
  if (shape === 'none') return null
  if (shape === 'many') return []
  if (shape === 'days') return 30
  return shape === 'range' ? [one, one] : one
}

/** The value again under another operator when it still fits, so that switching "more than" to "at least" keeps the figure. */
export function carriedValue(from: Comparison, to: OperatorName, type: FieldType, today: string): Json {
  const before = OPERATORS[from.operator].shape
  const after = OPERATORS[to].shape
  if (before === after && before !== 'none') return from.value
  if (before === 'one' && after === 'many') return from.value === '' ? [] : isChoice([from.value]) ? [from.value] : []
  if (before === 'many' && after === 'one') return Array.isArray(from.value) && from.value[0] !== undefined ? from.value[0] : firstValue(to, type, today)
  if (before === 'one' && after === 'range') return [from.value, from.value]
  if (before === 'range' && after === 'one') return (from.value as Json[])[0] ?? firstValue(to, type, today)
  return firstValue(to, type, today)
}

/** Text that is empty, a choice of nothing: valid JSON, but surely not what the user means. */
export function isUnfinished(comparison: Comparison): boolean {
  if (Array.isArray(comparison.value)) return comparison.value.length === 0 || comparison.value.some((item) => item === '')
  return OPERATORS[comparison.operator].shape !== 'none' && comparison.value === ''
}
