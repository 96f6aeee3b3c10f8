/** The steps that can be added, in the groups of the palette, and how a new one begins. */
import { computed } from 'vue'
import { useI18n } from 'vue-i18n'
import type { Config, NewNode, NodeKind } from '../canvas/graph'
import { STEP_KINDS } from '../canvas/kinds'
import { actionIcon } from '../canvas/kinds/actions'
import { useServerWords } from '@/shared/format/useServerWords'
import type { StepWords } from './useStepWords'

export interface Offer {
  /** `wait`, or `action:send_email`; what is carried while dragging. */
  key: string
  kind: NodeKind | 'note'
  label: string
  icon: string
  tone: string
  hint: string
  isAvailable: boolean
}
export interface OfferGroup { key: string; label: string; offers: Offer[] }

/** What is used most stands first; groups that a newer server has come after those known here. */
const GROUPS = ['messages', 'points', 'campaigns', 'segments', 'customers', 'journeys', 'systems', 'offers']
export const inOrder = (groups: readonly string[]): string[] => [...groups].sort((left, right) => (GROUPS.indexOf(left) + 1 || GROUPS.length + 1) - (GROUPS.indexOf(right) + 1 || GROUPS.length + 1))
/** Put on the canvas like a step, and none. */
export const NOTE_OFFER = 'note'
const FLOW: readonly NodeKind[] = ['start', 'condition', 'wait', 'split', 'end']

export function useStepOffers(words: StepWords, hasStart: () => boolean) {
  const { t } = useI18n()
  const { actionWords, unavailableWords } = useServerWords()
  const flow = computed<Offer[]>(() => FLOW.map((kind) => ({ key: kind, kind, label: t(`journeys.kinds.${kind}`), icon: STEP_KINDS[kind].icon, tone: STEP_KINDS[kind].tone, hint: kind === 'start' && hasStart() ? t('journeys.oneStart') : t(`journeys.kindHint.${kind}`), isAvailable: kind !== 'start' || !hasStart() })))
  const groups = computed<OfferGroup[]>(() => {
    const actions = [...words.actions.value.values()]
    const grouped = inOrder([...new Set(actions.map((action) => action.group))]).map((group) => ({
      key: group,
      label: words.wordOr(`journeys.groups.${group}`, group),
      offers: actions.filter((action) => action.group === group).sort((left, right) => Number(right.is_available) - Number(left.is_available)).map((action): Offer => ({
        key: `action:${action.kind}`, kind: 'action', label: words.actionTitle(action.kind), icon: actionIcon(action.kind), tone: STEP_KINDS.action.tone,
        hint: action.is_available ? actionWords(action) : unavailableWords(action), isAvailable: action.is_available,
      })),
    }))
    // Until the server has told the actions there is one in general.
    const all = grouped.length > 0 ? grouped : [{ key: 'actions', label: t('journeys.groups.actions'), offers: [{ key: 'action', kind: 'action' as const, label: t('journeys.kinds.action'), icon: STEP_KINDS.action.icon, tone: STEP_KINDS.action.tone, hint: t('journeys.kindHint.action'), isAvailable: true }] }]
    const note: Offer = { key: NOTE_OFFER, kind: 'note', label: t('journeys.notes.note'), icon: 'i-lucide-sticky-note', tone: 'bg-amber-500/15 text-amber-700 dark:text-amber-300', hint: t('journeys.notes.hint'), isAvailable: true }
    return [{ key: 'flow', label: t('journeys.groups.flow'), offers: flow.value }, ...all, { key: 'notes', label: t('journeys.notes.group'), offers: [note] }]
  })

  /** A new step of an offer, named like it. */
  function make(key: string): NewNode | null {
    const offer = groups.value.flatMap((group) => group.offers).find((one) => one.key === key)
    if (!offer?.isAvailable || offer.kind === 'note') return null
    const action = key.startsWith('action:') ? key.slice('action:'.length) : null
    const preset = Object.fromEntries((words.actions.value.get(action ?? '')?.fields ?? []).filter((field) => field.default !== undefined && field.default !== null).map((field) => [field.name, field.default])) as Config
    const blank = STEP_KINDS[offer.kind].blank()
    // Its own name for each draw, so that two splits do not draw alike.
    const salted: Config = offer.kind === 'split' ? { salt: `split-${Math.random().toString(36).slice(2, 10)}` } : {}
    return { kind: offer.kind, name: offer.label, config: action === null ? { ...blank, ...salted } : { action_type: action, ...preset } }
  }
  return { groups, make }
}
