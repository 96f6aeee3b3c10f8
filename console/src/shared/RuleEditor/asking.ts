/**
 * Conditions beyond features: what a customer did, which segment holds them, and a lasting random share.
 *
 * Each is read only in the spelling that is written here; every other spelling stays an advanced part, word for word.
 */
import { isRecord, type Json } from './json'

export type Measure = 'count' | 'last_days' | 'sum' | 'avg' | 'min' | 'max'
/** How a figure compares; `never` and `ever` ask whether there is one at all. */
export type Sign = 'gte' | 'gt' | 'lte' | 'lt' | 'eq' | 'neq' | 'never' | 'ever'

export interface Behaviour {
  kind: 'behaviour'
  measure: Measure
  event: string
  /** What is summed, averaged and so on; empty for counts and last days. */
  field: string
  /** The window back from now; null is all that is known. Without meaning for last days. */
  days: number | null
  /** Which of the events count, as a rule over the event's own fields; undefined when the rule has no place for it. */
  filter?: Json
  sign: Sign
  value: number | null
}

export interface Membership {
  kind: 'membership'
  segment: string
  isNegated: boolean
}

/** The customers whose lasting random number from 0 to `count` - 1 compares so with `value`. */
export interface Share {
  kind: 'share'
  salt: string
  count: number
  sign: Sign
  value: number
}

export type Asking = Behaviour | Membership | Share

const OPERATOR_OF: Record<Measure, string> = { count: 'events_count', last_days: 'events_last_days', sum: 'events_sum', avg: 'events_avg', min: 'events_min', max: 'events_max' }
const MEASURE_OF = Object.fromEntries(Object.entries(OPERATOR_OF).map(([measure, name]) => [name, measure as Measure]))
const WRITTEN: Record<Exclude<Sign, 'never' | 'ever'>, string> = { gte: '>=', gt: '>', lte: '<=', lt: '<', eq: '==', neq: '!=' }
const READ = Object.fromEntries(Object.entries(WRITTEN).map(([sign, text]) => [text, sign as Exclude<Sign, 'never' | 'ever'>]))

export const MEASURES = Object.keys(OPERATOR_OF) as Measure[]
export const hasField = (measure: Measure): boolean => !['count', 'last_days'].includes(measure)
export const hasWindow = (measure: Measure): boolean => measure !== 'last_days'

/** Counts and sums are 0 where nothing happened; the others have no figure then, and can be asked for that. */
export function signsFor(measure: Measure): Sign[] {
  const plain: Sign[] = ['gte', 'gt', 'lte', 'lt', 'eq', 'neq']
  return measure === 'count' || measure === 'sum' ? plain : [...plain, 'ever', 'never']
}

function compared(left: Json, sign: Sign, value: number | null): Json {
  if (sign === 'never') return { '==': [left, null] }
  if (sign === 'ever') return { '!=': [left, null] }
  return { [WRITTEN[sign]]: [left, value] }
}

function operandsOf(node: Behaviour): Json[] {
  const tail: Json[] = node.filter === undefined ? [] : [node.filter]
  if (node.measure === 'last_days') return [node.event, ...tail]
  return hasField(node.measure) ? [node.event, node.field, node.days, ...tail] : [node.event, node.days, ...tail]
}

export function emitAsking(node: Asking): Json {
  if (node.kind === 'membership') return node.isNegated ? { '!': { in_segment: [node.segment] } } : { in_segment: [node.segment] }
  if (node.kind === 'share') return compared({ bucket: [node.salt, node.count] }, node.sign, node.value)
  return compared({ [OPERATOR_OF[node.measure]]: operandsOf(node) }, node.sign, node.value)
}

/** The only key of an object and what stands behind it. */
function only(rule: Json | undefined): [string, Json] | null {
  if (!isRecord(rule)) return null
  const entries = Object.entries(rule)
  return entries.length === 1 && entries[0] !== undefined ? entries[0] : null
}

function readSegment(rule: Json): string | null {
  const [name, operands] = only(rule) ?? []
  if (name !== 'in_segment' || !Array.isArray(operands) || operands.length !== 1) return null
  return typeof operands[0] === 'string' ? operands[0] : null
}

const isDays = (value: Json | undefined): value is number | null => value === null || typeof value === 'number'
const isFilter = (value: Json | undefined): boolean => value === undefined || value === null || isRecord(value)

type Asked = Pick<Behaviour, 'measure' | 'event' | 'field' | 'days' | 'filter'>

function readAsked(name: string, operands: Json): Asked | null {
  const measure = MEASURE_OF[name]
  if (measure === undefined || !Array.isArray(operands)) return null
  const [event, ...rest] = operands
  const field = hasField(measure) ? rest.shift() : ''
  const days = hasWindow(measure) ? rest.shift() : null
  const [filter] = rest
  if (typeof event !== 'string' || typeof field !== 'string' || !isDays(days) || rest.length > 1 || !isFilter(filter)) return null
  return { measure, event, field, days, ...(filter === undefined ? {} : { filter }) }
}

function readSign(name: string, value: Json | undefined): { sign: Sign; value: number | null } | null {
  const sign = READ[name]
  if (value === null) return sign === 'eq' ? { sign: 'never', value: null } : sign === 'neq' ? { sign: 'ever', value: null } : null
  return sign !== undefined && typeof value === 'number' ? { sign, value } : null
}

/** One condition beyond features, or null when the rule is something else. */
export function readAsking(rule: Json): Asking | null {
  const [name, operands] = only(rule) ?? []
  if (name === undefined || operands === undefined) return null
  const segment = readSegment(rule)
  if (segment !== null) return { kind: 'membership', segment, isNegated: false }
  if (name === '!') {
    const inner = readSegment(operands)
    return inner === null ? null : { kind: 'membership', segment: inner, isNegated: true }
  }
  if (!Array.isArray(operands) || operands.length !== 2) return null
  const [asked, inner] = only(operands[0]) ?? []
  const comparison = readSign(name, operands[1])
  if (asked === undefined || inner === undefined || comparison === null) return null
  if (asked === 'bucket') return readShare(inner, comparison)
  const behaviour = readAsked(asked, inner)
  return behaviour === null ? null : { kind: 'behaviour', ...behaviour, ...comparison }
}

function readShare(operands: Json, comparison: { sign: Sign; value: number | null }): Share | null {
  if (!Array.isArray(operands) || operands.length !== 2 || comparison.value === null) return null
  const [salt, count] = operands
  return typeof salt === 'string' && typeof count === 'number' ? { kind: 'share', salt, count, sign: comparison.sign, value: comparison.value } : null
}

/** Another measure keeps event, window and figure, and drops what it has no place for. */
export function withMeasure(node: Behaviour, measure: Measure): Behaviour {
  const sign = signsFor(measure).includes(node.sign) ? node.sign : 'gte'
  return { ...node, measure, sign, value: node.value ?? 1, field: hasField(measure) ? node.field : '', days: hasWindow(measure) ? node.days : null }
}

export function withSign(node: Behaviour, sign: Sign): Behaviour {
  return { ...node, sign, value: sign === 'never' || sign === 'ever' ? null : (node.value ?? 1) }
}

/** Counts every event again: the place of the filter goes too. */
export function withoutFilter(node: Behaviour): Behaviour {
  const copy = { ...node }
  delete copy.filter
  return copy
}

export function isUnfinishedAsking(node: Asking): boolean {
  if (node.kind === 'membership') return node.segment === ''
  if (node.kind === 'share') return node.salt === ''
  return node.event === '' || (hasField(node.measure) && node.field === '')
}
