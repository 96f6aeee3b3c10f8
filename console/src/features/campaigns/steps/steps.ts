/** The steps of the builder, what each holds, and what is still wrong in each; pure. */
import type { CampaignDraft } from '../campaigns.api'
import { missingParts } from '../content/channels'

export const STEPS = ['goal', 'audience', 'channels', 'content', 'offer', 'timing', 'limits', 'review'] as const
export type StepId = (typeof STEPS)[number]
export const ICONS: Readonly<Record<StepId, string>> = {
  goal: 'i-lucide-target', audience: 'i-lucide-users', channels: 'i-lucide-split', content: 'i-lucide-pencil', offer: 'i-lucide-gift',
  timing: 'i-lucide-calendar-clock', limits: 'i-lucide-gauge', review: 'i-lucide-list-checks',
}

/** Which fields of a draft stand in which step; the server's refusals are led there by the first part of their place. */
const FIELDS: Readonly<Record<string, StepId>> = {
  name: 'goal', description: 'goal', goal: 'goal', purpose: 'audience', program: 'audience', segment: 'audience', segments: 'audience', excluded_segments: 'audience',
  channels: 'channels', fallback: 'channels', content: 'content', variants: 'content', offers: 'offer', trigger: 'timing', starts_at: 'timing', ends_at: 'timing',
  cron: 'timing', at: 'timing', timezone: 'timing', measure: 'timing', value: 'timing', event_type: 'timing', filter: 'timing',
}
export const stepOf = (place: string): StepId => FIELDS[place.split('.')[0] ?? ''] ?? 'limits'

export interface Problem { step: StepId; field: string; key: string; values?: Record<string, string> }

const CODE = /^[a-z0-9_]{1,40}$/

function* ofContent(draft: CampaignDraft): Generator<Problem> {
  for (const channel of draft.channels) {
    for (const part of missingParts(channel, draft.content[channel])) yield { step: 'content', field: `content.${channel}.${part}`, key: 'part', values: { channel, part } }
  }
  const codes = draft.variants.map((one) => one.code)
  for (const [place, one] of draft.variants.entries()) {
    if (!CODE.test(one.code) || one.code === 'control' || codes.indexOf(one.code) !== place) yield { step: 'content', field: `variants.${place}.code`, key: 'variantCode', values: { place: String(place + 1) } }
    for (const [channel, content] of Object.entries(one.content ?? {})) {
      if (missingParts(channel, content).length > 0) yield { step: 'content', field: `variants.${place}.content.${channel}`, key: 'variantContent', values: { code: one.code, channel } }
    }
  }
}

function* ofTiming(draft: CampaignDraft): Generator<Problem> {
  const { trigger } = draft
  if (trigger.kind === 'schedule' && !trigger.cron && !trigger.at) yield { step: 'timing', field: 'trigger.at', key: 'when' }
  if (trigger.kind === 'schedule' && trigger.timezone === 'program' && draft.program === null) yield { step: 'audience', field: 'program', key: 'programForZone' }
  if (trigger.kind === 'threshold' && trigger.measure === 'segment_size' && draft.segments.length !== 1) yield { step: 'audience', field: 'segments', key: 'oneSegment' }
  if (trigger.kind === 'threshold' && trigger.measure !== 'segment_size' && draft.program === null) yield { step: 'audience', field: 'program', key: 'programForMeasure' }
  if (draft.starts_at && draft.ends_at && draft.starts_at >= draft.ends_at) yield { step: 'timing', field: 'ends_at', key: 'endsBefore' }
}

/** All that is known to be wrong before the server is asked. */
export function problemsOf(draft: CampaignDraft): Problem[] {
  const found: Problem[] = []
  if (draft.name.trim() === '') found.push({ step: 'goal', field: 'name', key: 'name' })
  if (draft.segments.some((one) => draft.excluded_segments.includes(one))) found.push({ step: 'audience', field: 'excluded_segments', key: 'bothSegments' })
  if (draft.channels.length === 0) found.push({ step: 'channels', field: 'channels', key: 'channel' })
  if (draft.fallback && draft.channels.length < 2) found.push({ step: 'channels', field: 'fallback', key: 'secondChannel' })
  found.push(...ofContent(draft))
  const codes = draft.offers.map((one) => one.code)
  for (const [place, one] of draft.offers.entries()) {
    if (!CODE.test(one.code) || codes.indexOf(one.code) !== place || one.title.trim() === '') found.push({ step: 'offer', field: `offers.${place}`, key: 'offer', values: { place: String(place + 1) } })
  }
  found.push(...ofTiming(draft))
  return found
}

/** Each variant's part of those who are written to. */
export function sharesOf(weights: readonly number[]): number[] {
  const sum = weights.reduce((total, weight) => total + weight, 0)
  return weights.map((weight) => (sum > 0 ? weight / sum : 0))
}

/** A code for the next of its kind that no other has. */
export function freeCode(prefix: string, taken: readonly string[]): string {
  for (let place = taken.length + 1; ; place += 1) if (!taken.includes(`${prefix}${place}`)) return `${prefix}${place}`
}
