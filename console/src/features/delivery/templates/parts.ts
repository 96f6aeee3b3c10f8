/** What a template of each channel is made of, and which of its names nobody declared; pure. */
import type { Channel } from '../delivery.api'
import type { Content, MessageTemplate, TemplateDraft, Variable } from '../templates.api'

const PARTS: Record<string, readonly string[]> = {
  email: ['subject', 'body'],
  sms: ['body'],
  push: ['title', 'body', 'url'],
  in_app: ['title', 'body', 'url'],
  webhook: ['title', 'body', 'url'],
}
/** The names that every message has a value for. */
export const OWN = ['first_name', 'last_name', 'customer_ref'] as const
export const LINKS = ['preferences_url', 'unsubscribe_url'] as const
const PLACEHOLDER = /\{\{\s*([a-z_][a-z0-9_]{0,63})\s*(?:\||\}\})/g
const TAG = /^[a-z]{2,3}(-[A-Za-z]{4})?(-([A-Z]{2}|[0-9]{3}))?$/

export const partsOf = (channel: Channel): readonly string[] => PARTS[channel] ?? ['body']
export const isLong = (part: string): boolean => part === 'body'
export const isLanguage = (tag: string): boolean => TAG.test(tag)

export const draftOf = (template: MessageTemplate): TemplateDraft => ({
  name: template.name,
  description: template.description,
  variables: template.variables,
  fallback_languages: template.fallback_languages,
  content: template.content,
})

const without = <T>(members: Record<string, T>, name: string): Record<string, T> => Object.fromEntries(Object.entries(members).filter(([key]) => key !== name))

/** The text of one part of one language changed; an optional part that is empty is left out. */
export function withPart(content: Content, language: string, part: string, text: string): Content {
  const others = without(content[language] ?? {}, part)
  return { ...content, [language]: text === '' && part === 'url' ? others : { ...others, [part]: text } }
}

export function withoutLanguage(content: Content, language: string): Content {
  return without(content, language)
}

/** The names that the texts use and nobody declared, in order of their appearance. */
export function undeclaredIn(content: Content, variables: readonly Variable[]): string[] {
  const known = new Set<string>([...OWN, ...LINKS, ...variables.map((one) => one.name)])
  const used = Object.values(content).flatMap((parts) => Object.values(parts)).flatMap((text) => [...text.matchAll(PLACEHOLDER)].map((found) => found[1] ?? ''))
  return [...new Set(used)].filter((name) => !known.has(name))
}
