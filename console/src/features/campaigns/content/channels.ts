/** The parts of each channel's content, as `loyalty/delivery/kinds/` checks them, and how many segments a text message takes; pure. */
import type { ChannelContent } from '../campaigns.api'

export interface Part { name: string; isLong?: boolean; isNeeded?: boolean; isLtr?: boolean; longest: number; isPlain?: boolean }

const TITLE: Part = { name: 'title', isNeeded: true, longest: 200 }
const URL_PART: Part = { name: 'url', isLtr: true, longest: 2_000 }
const NOTICE = (longest: number): Part[] => [TITLE, { name: 'body', isLong: true, isNeeded: true, longest }, URL_PART]

/** The mail is not here: it has an editor of its own. */
export const PARTS: Readonly<Record<string, readonly Part[]>> = {
  sms: [{ name: 'body', isLong: true, isNeeded: true, longest: 1_530 }],
  push: NOTICE(1_000),
  in_app: [...NOTICE(10_000), { name: 'expires_days', isLtr: true, isPlain: true, longest: 3 }],
  webhook: NOTICE(10_000),
  whatsapp: [
    { name: 'meta_template', isNeeded: true, isLtr: true, isPlain: true, longest: 512 },
    { name: 'language', isNeeded: true, isLtr: true, isPlain: true, longest: 6 },
    { name: 'parameters', isLong: true, longest: 4_096 },
  ],
}
export const MAIL_PARTS: readonly Part[] = [{ name: 'subject', isNeeded: true, longest: 250 }, { name: 'body', isLong: true, isNeeded: true, longest: 100_000 }]
export const partsOf = (channel: string): readonly Part[] => (channel === 'email' ? MAIL_PARTS : (PARTS[channel] ?? NOTICE(1_000)))

export function blankContent(channel: string): ChannelContent {
  return Object.fromEntries(partsOf(channel).filter((part) => part.isNeeded).map((part) => [part.name, channel === 'whatsapp' && part.name === 'language' ? 'en' : '']))
}

/** Which needed parts are still empty. */
export const missingParts = (channel: string, content: ChannelContent | undefined): string[] =>
  partsOf(channel).filter((part) => part.isNeeded && !(content?.[part.name] ?? '').trim()).map((part) => part.name)

/** A part that may be left out is left out when it is empty: the server takes no empty ones. */
export function withPart(content: ChannelContent, part: Part, text: string): ChannelContent {
  if (part.isNeeded || text !== '') return { ...content, [part.name]: text }
  return Object.fromEntries(Object.entries(content).filter(([name]) => name !== part.name))
}

// 3GPP TS 23.038: the basic table, and what takes two places by way of the escape.
const GSM = new Set('@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà')
const GSM_TWICE = new Set('^{}\\[~]|€\f')
/** What a value of unknown length is taken for: a name. */
const VALUE_LENGTH = 10
const PLACEHOLDER = /\{\{[^{}]*\}\}/g

export interface Segments { characters: number; segments: number; isUnicode: boolean }

/** Estimated: a value counts as ten letters, and words that the channel adds are not in it. */
export function segmentsOf(body: string): Segments {
  const text = body.replace(PLACEHOLDER, 'x'.repeat(VALUE_LENGTH))
  const isUnicode = [...text].some((character) => !GSM.has(character) && !GSM_TWICE.has(character))
  const characters = isUnicode ? text.length : [...text].reduce((sum, character) => sum + (GSM_TWICE.has(character) ? 2 : 1), 0)
  const [alone, joined] = isUnicode ? [70, 67] : [160, 153]
  return { characters, isUnicode, segments: characters === 0 ? 0 : characters <= alone ? 1 : Math.ceil(characters / joined) }
}

/** What a provider charges for one message of each channel: a text message its segments, every other one. */
export const unitsOf = (content: Readonly<Record<string, ChannelContent>>): Record<string, number> => Object.fromEntries(Object.entries(content).map(([channel, parts]) => [channel, channel === 'sms' ? Math.max(1, segmentsOf(parts['body'] ?? '').segments) : 1]))

/** What a send costs: messages by channel, each at its price; a text message costs its segments. */
export function costOf(channels: Readonly<Record<string, number>>, prices: Readonly<Record<string, string>>, sms: string): number {
  const units = unitsOf({ sms: { body: sms } })
  return Object.entries(channels).reduce((sum, [channel, messages]) => sum + messages * Number(prices[channel] ?? 0) * (units[channel] ?? 1), 0)
}
