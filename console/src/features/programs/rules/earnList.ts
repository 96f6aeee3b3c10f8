/** Changing the earn rules: two lists on screen, base and bonus, that are one list in the document; pure. */
import { blankRule, PURCHASE } from '../document/blank'
import { freeCode, moved, slugOf } from '../document/lists'
import type { EarnKind, EarnRule } from '../document/types'
import { ruleOf } from './earnShapes'

export interface PlacedRule { rule: EarnRule; position: number }

/** The rules of one kind with their place in the document. */
export const ofKind = (rules: readonly EarnRule[], kind: EarnKind): PlacedRule[] => rules.map((rule, position) => ({ rule, position })).filter((placed) => placed.rule.kind === kind)

const numbered = (rules: readonly EarnRule[]): EarnRule[] => rules.map((rule, place) => ({ ...rule, priority: place + 1 }))

/** Moves within the rules of one kind; the other kind stays where it is, and priorities follow the order. */
export function movedRule(rules: readonly EarnRule[], kind: EarnKind, from: number, to: number): EarnRule[] {
  const places = ofKind(rules, kind).map((placed) => placed.position)
  const order = moved(places, from, to)
  const next = [...rules]
  places.forEach((place, index) => {
    const rule = rules[order[index] ?? place]
    if (rule) next[place] = rule
  })
  return numbered(next)
}

/** `base` is what the API's short form `earn_rule` reads, so the first base rule gets that code. */
export function withRule(rules: readonly EarnRule[], name: string, part: Partial<EarnRule>): EarnRule[] {
  const wanted = part.kind !== 'bonus' && !rules.some((rule) => rule.kind === 'base') ? 'base' : slugOf(name, 'rule')
  const code = freeCode(wanted, rules.map((rule) => rule.code))
  return numbered([...rules, { ...blankRule(), ...part, name, code }])
}

export function copiedRule(rules: readonly EarnRule[], position: number, name: string): EarnRule[] {
  const rule = rules[position]
  if (!rule) return [...rules]
  const code = freeCode(rule.code, rules.map((one) => one.code))
  return numbered([...rules.slice(0, position + 1), { ...rule, name, code }, ...rules.slice(position + 1)])
}

/** The code of a rule that is not saved yet follows its name; the code of a saved one is what caps name. */
export function renamedRule(rule: EarnRule, name: string, isSaved: boolean, others: readonly string[]): Partial<EarnRule> {
  const follows = !isSaved && rule.code !== 'base' && rule.code === freeCode(slugOf(rule.name, 'rule'), others)
  return follows ? { name, code: freeCode(slugOf(name, 'rule'), others) } : { name }
}

export type TemplateId = 'rate' | 'category' | 'threshold' | 'weekend' | 'evening' | 'fixed' | 'once' | 'event'

/** First values for a new rule. */
export const TEMPLATES: Record<TemplateId, { icon: string; kind: EarnKind; part: () => Partial<EarnRule> }> = {
  rate: { icon: 'i-lucide-coins', kind: 'base', part: () => ({ kind: 'base', rule: ruleOf({ kind: 'rate', rate: 1 }) }) },
  category: { icon: 'i-lucide-layers', kind: 'base', part: () => ({ kind: 'base', rule: ruleOf({ kind: 'category', rates: [{ category: '', rate: 2 }], otherwise: 1 }) }) },
  threshold: { icon: 'i-lucide-gauge', kind: 'base', part: () => ({ kind: 'base', rule: ruleOf({ kind: 'threshold', from: 100, isInclusive: false, rate: 0.1 }) }) },
  fixed: { icon: 'i-lucide-hash', kind: 'base', part: () => ({ kind: 'base', rule: ruleOf({ kind: 'fixed', points: 10 }) }) },
  weekend: { icon: 'i-lucide-calendar', kind: 'bonus', part: () => ({ kind: 'bonus', rule: ruleOf({ kind: 'rate', rate: 1 }), weekdays: [6, 7], is_multiplied: false }) },
  evening: { icon: 'i-lucide-moon', kind: 'bonus', part: () => ({ kind: 'bonus', rule: ruleOf({ kind: 'fixed', points: 50 }), hour_from: 18, hour_until: 22, is_multiplied: false }) },
  once: { icon: 'i-lucide-sparkles', kind: 'bonus', part: () => ({ kind: 'bonus', rule: ruleOf({ kind: 'fixed', points: 500 }), once_per: 'member', is_multiplied: false }) },
  event: { icon: 'i-lucide-zap', kind: 'bonus', part: () => ({ kind: 'bonus', rule: ruleOf({ kind: 'fixed', points: 100 }), event_type: 'profile.completed', is_multiplied: false }) },
}

export const templatesOf = (kind: EarnKind): TemplateId[] => (Object.keys(TEMPLATES) as TemplateId[]).filter((id) => TEMPLATES[id].kind === kind)

export const isPurchase = (rule: Pick<EarnRule, 'event_type'>): boolean => rule.event_type === PURCHASE
