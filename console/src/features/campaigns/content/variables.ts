/** The places for values in a mail: which there are, which a text uses, and putting one in; pure. */
import type { Kinds, Trigger } from '../campaigns.api'

export interface Variable {
  name: string
  group: 'customer' | 'campaign' | 'program' | 'offer' | 'event' | 'threshold'
  /** What stands there when the customer has no such value; without it the customer is skipped. */
  fallback: string | null
}

const PLACEHOLDER = /\{\{\s*([a-z_][a-z0-9_]{0,63})\s*(?:\|\s*(?:"[^"{}]*"|'[^'{}]*'|&quot;[^{}]*?&quot;)\s*)?\}\}/g
const UNSUBSCRIBE = 'unsubscribe_url'

/** A name to greet with is often missing; greeting without it is better than not writing at all. */
const FALLBACKS: Record<string, string> = { first_name: 'customer' }

export function variablesFor(kinds: Kinds, trigger: Trigger, hasProgram: boolean, hasOffers = false): Variable[] {
  const { customer, campaign, program, offer = [], event_prefix: prefix } = kinds.variables
  const named = (group: Variable['group'], names: readonly string[]): Variable[] => names.map((name) => ({ name, group, fallback: FALLBACKS[name] ?? null }))
  const event = trigger.kind === 'event' ? kinds.events.find((one) => one.type === trigger.event_type) : undefined
  return [
    ...named('customer', customer),
    ...named('campaign', campaign),
    ...(hasProgram ? named('program', program) : []),
    ...(hasOffers ? named('offer', offer) : []),
    ...named('event', (event?.fields ?? []).map((name) => prefix + name)),
    ...(trigger.kind === 'threshold' ? named('threshold', [trigger.measure]) : []),
  ]
}

export const snippetOf = (variable: Variable): string => (variable.fallback === null ? `{{ ${variable.name} }}` : `{{ ${variable.name} | "${variable.fallback}" }}`)

export function variablesIn(text: string): string[] {
  return [...new Set([...text.matchAll(PLACEHOLDER)].map((match) => match[1] ?? ''))]
}

export function unknownIn(text: string, known: readonly Variable[]): string[] {
  const names = new Set([UNSUBSCRIBE, ...known.map((variable) => variable.name)])
  return variablesIn(text).filter((name) => !names.has(name))
}

export interface Inserted {
  text: string
  /** Where the cursor belongs afterwards. */
  caret: number
}

export function insertAt(text: string, start: number, end: number, snippet: string): Inserted {
  return { text: text.slice(0, start) + snippet + text.slice(end), caret: start + snippet.length }
}

/** Puts marks around what is selected, or around a word that invites to be replaced. */
export function wrapAt(text: string, start: number, end: number, before: string, after: string, placeholder: string): Inserted {
  const inner = start === end ? placeholder : text.slice(start, end)
  return { text: text.slice(0, start) + before + inner + after + text.slice(end), caret: start + before.length + inner.length }
}
