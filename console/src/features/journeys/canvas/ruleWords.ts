/** A rule as a short formula with the names that people know the fields by; pure. */
import { formulaOf } from '@/shared/trace/trace'

function relabelled(rule: unknown, labels: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(rule)) return rule.map((part) => relabelled(part, labels))
  if (rule === null || typeof rule !== 'object') return rule
  return Object.fromEntries(Object.entries(rule).map(([name, value]: [string, unknown]) => {
    if (name !== 'var') return [name, relabelled(value, labels)]
    const path: unknown = Array.isArray(value) ? value[0] : value
    return [name, typeof path === 'string' ? (labels.get(path) ?? path) : value]
  }))
}

export const ruleWords = (rule: unknown, labels: ReadonlyMap<string, string>): string => formulaOf(relabelled(rule, labels))
