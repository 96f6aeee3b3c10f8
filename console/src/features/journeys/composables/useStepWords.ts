/** A step in a few words, with the names of what it points to. */
import { useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import { useI18n } from 'vue-i18n'
import { listCampaigns } from '@/features/campaigns'
import { listTemplates } from '@/features/delivery'
import { listPrograms } from '@/features/programs'
import { listSegments } from '@/features/segments'
import { useFormat } from '@/shared/format/useFormat'
import { typeOf, useFields } from '@/shared/FieldPicker/fields'
import { useSegmentWorld, type EventType } from '@/shared/RuleEditor/world'
import { useSession } from '@/shared/session/session'
import { ruleWords } from '../canvas/ruleWords'
import type { Config, JourneyNode, NodeKind } from '../canvas/graph'
import { splitBranches } from '../canvas/graph'
import { STEP_KINDS } from '../canvas/kinds'
import { actionIcon } from '../canvas/kinds/actions'
import { getKinds, listJourneys } from '../journeys.api'

const CHOICES_MAX = 500
const FRESH_MS = 60_000
const FORMULA_MAX = 80
type Words = Record<string, unknown>

export interface Choice { value: string; label: string }

/** What steps can point to: names to choose from and to show. */
export function useChoices() {
  const session = useSession()
  const named = (rows: readonly { id: string; name: string }[] | undefined): Choice[] => (rows ?? []).map((row) => ({ value: row.id, label: row.name }))
  const segments = useQuery({ queryKey: ['segments', 'choices'], queryFn: ({ signal }) => listSegments({ page_size: CHOICES_MAX }, signal), staleTime: FRESH_MS, enabled: session.can('segments.view') })
  const campaigns = useQuery({ queryKey: ['campaigns', 'choices'], queryFn: ({ signal }) => listCampaigns({ page_size: CHOICES_MAX }, signal), staleTime: FRESH_MS, enabled: session.can('campaigns.view') })
  const programs = useQuery({ queryKey: ['programs', 'choices'], queryFn: ({ signal }) => listPrograms({ page_size: CHOICES_MAX }, signal), staleTime: FRESH_MS, enabled: session.can('programs.view') })
  const journeys = useQuery({ queryKey: ['journeys', 'choices'], queryFn: ({ signal }) => listJourneys({ page_size: CHOICES_MAX }, signal), staleTime: FRESH_MS })
  const templates = useQuery({ queryKey: ['delivery', 'templates', 'choices'], queryFn: ({ signal }) => listTemplates({ page_size: CHOICES_MAX, is_published: true, is_archived: false }, signal), staleTime: FRESH_MS, enabled: session.can('delivery.view') })
  const { world } = useSegmentWorld()
  const kinds = useKinds()
  /** Those that a journey can begin with or wait for; labels and fields are those of the catalogue where it knows them. */
  const events = computed<EventType[]>(() => {
    const known = new Map(world.value.events.map((one) => [one.name, one]))
    const told = kinds.data.value?.events
    if (!told) return [...world.value.events]
    return told.map(({ event_type: name, fields }) => known.get(name) ?? { name, label: name, fields: fields.map((field) => ({ name: field.name, label: field.label || field.name, type: typeOf(field.type), description: '', category: name, data_source: name, is_nullable: true, freshness: null })) })
  })
  return {
    segments: computed(() => named(segments.data.value?.results)),
    campaigns: computed(() => named(campaigns.data.value?.results)),
    programs: computed(() => named(programs.data.value?.results)),
    journeys: computed(() => named(journeys.data.value?.results)),
    templates: computed(() => templates.data.value?.results ?? []),
    events,
    world,
  }
}
export type Choices = ReturnType<typeof useChoices>

export const useKinds = () => useQuery({ queryKey: ['journeys', 'kinds'], queryFn: ({ signal }) => getKinds(signal), staleTime: Infinity })

export function useStepWords() {
  const { t, te } = useI18n()
  const { date, instant, number } = useFormat()
  const choices = useChoices()
  const kinds = useKinds()
  const { fields } = useFields()
  const labels = computed(() => new Map(fields.value.map((field) => [field.name, field.label])))
  const actions = computed(() => new Map((kinds.data.value?.actions ?? []).map((kind) => [kind.kind, kind])))

  const has = (key: string): boolean => te(key) || te(key, 'en')
  const wordOr = (key: string, other: string): string => (has(key) ? t(key) : other)
  const nameIn = (list: readonly Choice[], id: unknown): string => list.find((choice) => choice.value === id)?.label ?? ''
  const event = (type: unknown): string => choices.events.value.find((one) => one.name === type)?.label ?? (typeof type === 'string' ? type : '')
  const actionTitle = (kind: unknown): string => (typeof kind === 'string' && kind !== '' ? wordOr(`journeys.actions.${kind}`, actions.value.get(kind)?.title ?? kind) : t('journeys.chooseAction'))
  const branch = (code: string, kind?: NodeKind): string => (kind === 'split' ? code : wordOr(`journeys.branches.${code}`, code))
  const amount = (count: unknown, unit: unknown): string => t(`journeys.units.${String(unit ?? 'days')}`, { count: Number(count ?? 0) }, Number(count ?? 0))

  function rule(value: unknown): string {
    const text = ruleWords(value, labels.value)
    return text.length > FORMULA_MAX ? `${text.slice(0, FORMULA_MAX)}…` : text
  }

  function trigger(config: Config): string {
    const given = (config['trigger'] ?? {}) as Words
    if (given['kind'] === 'segment') {
      const segment = nameIn(choices.segments.value, given['segment_id'])
      return segment ? t(given['edge'] === 'left' ? 'journeys.say.left' : 'journeys.say.entered', { segment }) : t('journeys.chooseSegment')
    }
    if (given['kind'] === 'event') return given['event_type'] ? t('journeys.say.on', { event: event(given['event_type']) }) : t('journeys.chooseEvent')
    if (given['kind'] === 'schedule') return given['at'] ? instant(String(given['at'])) : t('journeys.say.schedule', { cron: String(given['cron'] ?? '') })
    return t('journeys.say.api')
  }

  function wait(config: Config): string {
    switch (config['mode']) {
      case 'until': return config['date'] ? t('journeys.say.until', { when: date(String(config['date'])) }) : config['attribute'] ? t('journeys.say.until', { when: String(config['attribute']) }) : t('journeys.chooseDate')
      case 'local_time': return t('journeys.say.localTime', { time: String(config['time'] ?? '') })
      case 'event': {
        const timeout = config['timeout'] as { amount?: unknown; unit?: unknown } | null | undefined
        if (!config['event_type']) return t('journeys.chooseEvent')
        return timeout ? t('journeys.say.forEventAtMost', { event: event(config['event_type']), most: amount(timeout.amount, timeout.unit) }) : t('journeys.say.forEvent', { event: event(config['event_type']) })
      }
      default: return amount(config['amount'], config['unit'])
    }
  }

  const templateName = (code: unknown): string => (typeof code === 'string' && code !== '' ? (choices.templates.value.find((one) => one.code === code)?.name ?? code) : '')
  function summary(node: JourneyNode): string {
    switch (node.kind) {
      case 'start': return trigger(node.config)
      case 'action': {
        const title = actionTitle(node.config['action_type'])
        const target = nameIn(choices.campaigns.value, node.config['campaign_id']) || nameIn(choices.segments.value, node.config['segment_id']) || templateName(node.config['template'])
        const points = node.config['points']
        const amount = node.config['action_type'] === 'award_points' && typeof points === 'number' ? number(points) : ''
        return target || amount ? `${title}: ${target || amount}` : title
      }
      case 'condition': return node.config['rule'] ? rule(node.config['rule']) : t('journeys.noRule')
      case 'wait': return wait(node.config)
      case 'split': return splitBranches(node.config).map((one) => `${one.code} ${one.weight}`).join(' · ')
      case 'end': return node.config['is_goal'] ? t('journeys.say.goal', { outcome: String(node.config['outcome'] ?? '') }) : String(node.config['outcome'] || t('journeys.say.end'))
    }
  }

  const icon = (node: JourneyNode): string => (node.kind === 'action' && node.config['action_type'] ? actionIcon(node.config['action_type']) : STEP_KINDS[node.kind].icon)
  /** A channel that is not set up sends nothing, and the step says so. */
  const note = (node: JourneyNode): string => (node.kind === 'action' && actions.value.get(String(node.config['action_type']))?.is_available === false ? t('journeys.unavailable') : '')

  return { icon, summary, note, branch, rule, event, actionTitle, wordOr, amount, choices, kinds, actions }
}
export type StepWords = ReturnType<typeof useStepWords>
