/** The parts of a program's document in sentences, in the user's language. */
import { useI18n } from 'vue-i18n'
import { NOTHING, useFormat } from '@/shared/format/useFormat'
import { formulaOf } from '@/shared/trace/trace'
import { burnShapeOf } from '../rules/burnShapes'
import { shapeOf } from '../rules/earnShapes'
import { partsOf } from '../rules/conditions'
import { PURCHASE } from './blank'
import type { SectionId } from './sections'
import type { Cap, EarnRule, Expiry, ProgramDraft, TierPolicy } from './types'

// The first Monday of an era that every browser knows.
const MONDAY = new Date(2024, 0, 1)
/** Parts of one are counted as many are, in every language of ours: half of 2 is neither one nor two. */
const MANY = 1_000
const counted = (figure: number): number => (Number.isInteger(figure) ? figure : MANY)

export function useProgramWords() {
  const { t, locale } = useI18n()
  const { number, date } = useFormat()
  const tag = (): string => `${locale.value}-u-nu-latn`
  const list = (items: readonly string[]): string => new Intl.ListFormat(locale.value, { type: 'conjunction' }).format(items)

  /** Monday is 1. */
  function weekday(number: number): string {
    const day = new Date(MONDAY)
    day.setDate(MONDAY.getDate() + number - 1)
    return new Intl.DateTimeFormat(tag(), { weekday: 'short' }).format(day)
  }

  function monthDay(text: string): string {
    const [month, day] = text.split('-').map(Number)
    return month && day ? new Intl.DateTimeFormat(tag(), { day: 'numeric', month: 'long' }).format(new Date(2024, month - 1, day)) : NOTHING
  }

  const hour = (value: number): string => `${String(value).padStart(2, '0')}:00`
  const tierName = (code: string, draft: ProgramDraft): string => draft.tiers.find((tier) => tier.code === code)?.name ?? code
  const ruleName = (code: string, draft: ProgramDraft): string => draft.earn_rules.find((rule) => rule.code === code)?.name || code
  const walletName = (code: string, draft: ProgramDraft): string => draft.wallets.find((wallet) => wallet.code === code)?.name || code

  function giving(rule: unknown, currency: string): string {
    const shape = shapeOf(rule)
    switch (shape.kind) {
      case 'none': return t('programs.words.nothing')
      case 'fixed': return t('programs.words.fixed', { points: number(shape.points) }, shape.points)
      case 'rate': return t('programs.words.rate', { points: number(shape.rate), currency }, counted(shape.rate))
      case 'threshold': return t('programs.words.threshold', { points: number(shape.rate), amount: number(shape.from), currency }, counted(shape.rate))
      case 'category': return t('programs.words.categories', { rates: shape.rates.map(({ category, rate }) => `${category || '…'} ${number(rate)}`).join(' · '), others: number(shape.otherwise), currency })
      case 'custom': return formulaOf(rule)
    }
  }

  /** The rule as the form shows it; where a rule says more than the form, the words of the server are better. */
  function ruleWords(rule: EarnRule, currency: string, said = ''): string {
    const parts = partsOf(rule.rule)
    const isPlain = parts.condition === null && shapeOf(parts.gives).kind !== 'custom'
    if (said && !isPlain) return said
    const gives = giving(parts.gives, currency)
    return parts.condition === null ? gives : t('programs.words.under', { gives, condition: formulaOf(parts.condition) })
  }

  /** When, and for whom, the rule holds; nothing for always and everyone. */
  function windowWords(rule: EarnRule, draft: ProgramDraft): string[] {
    const said: string[] = []
    if (rule.event_type !== PURCHASE) said.push(t('programs.words.onEvent', { event: rule.event_type }))
    if (rule.weekdays.length) said.push(list([...rule.weekdays].sort((left, right) => left - right).map((day) => weekday(day))))
    if (rule.hour_from !== null && rule.hour_until !== null) said.push(`${hour(rule.hour_from)} – ${hour(rule.hour_until)}`)
    if (rule.tier_codes.length) said.push(list(rule.tier_codes.map((code) => tierName(code, draft))))
    if (rule.segment_codes.length) said.push(t('programs.words.segments', { count: rule.segment_codes.length }, rule.segment_codes.length))
    if (rule.starts_on || rule.ends_on) said.push(`${rule.starts_on ? date(rule.starts_on) : '…'} – ${rule.ends_on ? date(rule.ends_on) : '…'}`)
    if (rule.partner_ref) said.push(t('programs.words.partner', { partner: rule.partner_ref }))
    if (rule.once_per === 'member') said.push(t('programs.words.once'))
    return said
  }

  function capWords(cap: Cap, draft: ProgramDraft): string {
    const most = cap.measure === 'points' ? t('programs.words.points', { points: number(Number(cap.limit)) }, Number(cap.limit)) : `${number(Number(cap.limit))} ${draft.currency}`
    const of = cap.rule_code ? t('programs.words.fromRule', { rule: ruleName(cap.rule_code, draft) }) : ''
    const who = cap.tier_codes.length ? t('programs.words.inTiers', { tiers: list(cap.tier_codes.map((code) => tierName(code, draft))) }) : ''
    return [t(`programs.words.cap.${cap.period}`, { most, whom: t(`programs.words.whom.${cap.scope}`) }), of, who].filter(Boolean).join(' · ')
  }

  function lasting(days: number | null, months: number | null): string {
    const parts = [months ? t('programs.words.months', { count: months }, months) : '', days ? t('programs.words.days', { count: days }, days) : ''].filter(Boolean)
    return parts.length ? list(parts) : NOTHING
  }

  function expiryWords(expiry: Expiry): string {
    switch (expiry.kind) {
      case 'never': return t('programs.words.never')
      case 'age': return t('programs.words.age', { after: lasting(expiry.days, expiry.months) })
      case 'inactivity': return t('programs.words.inactivity', { after: lasting(expiry.days, expiry.months) })
      case 'fixed_date': return t('programs.words.fixedDate', { day: monthDay(expiry.month_day) })
      case 'end_of_period': return t(`programs.words.endOf.${expiry.period}`, { count: expiry.periods }, expiry.periods)
    }
  }

  function policyWords(policy: TierPolicy): string {
    const [months, cycle] = [policy.rolling_months ?? 12, policy.cycle_months ?? 12]
    const window = t(`programs.words.window.${policy.window}`, { months, day: monthDay(policy.cycle_start), cycle }, policy.window === 'rolling' ? months : cycle)
    return t('programs.words.policy', { what: t(`programs.words.qualifier.${policy.qualifier}`), window })
  }

  function countsWords(draft: ProgramDraft): string {
    const base = draft.earn_base
    const off = [base.net_of_tax && t('programs.words.tax'), base.net_of_fees && t('programs.words.fees'), base.net_of_points_paid && t('programs.words.pointsPaid')].filter((word): word is string => word !== false)
    return off.length ? t('programs.words.without', { parts: list(off) }) : t('programs.words.whole')
  }

  function burnWords(draft: ProgramDraft): string {
    const shape = burnShapeOf(draft.burn_rule)
    if (shape.kind === 'worth') return t('programs.words.worth', { points: number(shape.points), currency: draft.currency }, counted(shape.points))
    return shape.kind === 'none' ? t('programs.nothingBurned') : formulaOf(draft.burn_rule)
  }

  /** One line for the navigation: what the section says now. */
  function summaryOf(section: SectionId, draft: ProgramDraft): string {
    const bonuses = draft.earn_rules.filter((rule) => rule.kind === 'bonus').length
    const rules = draft.earn_rules.length - bonuses
    switch (section) {
      case 'details': return [t(`status.${draft.status}`), draft.currency].join(' · ')
      case 'wallets': return draft.wallets.map((wallet) => wallet.name || wallet.code).join(', ')
      case 'tiers': return draft.tiers.length ? draft.tiers.map((tier) => tier.name).join(', ') : t('programs.words.noTiers')
      case 'earning': return rules === 0 ? t('programs.words.nothing') : t('programs.words.rules', { count: rules }, rules)
      case 'bonuses': return bonuses === 0 ? t('programs.words.none') : t('programs.words.bonuses', { count: bonuses }, bonuses)
      case 'counts': return countsWords(draft)
      case 'caps': return draft.caps.length === 0 ? t('programs.words.noCaps') : t('programs.words.caps', { count: draft.caps.length }, draft.caps.length)
      case 'expiry': return expiryWords(draft.expiry)
      case 'redeeming': return burnWords(draft)
      case 'policies': return t(draft.transfer.is_allowed ? 'programs.words.transfers' : 'programs.words.noTransfers')
    }
  }

  return { weekday, monthDay, hour, tierName, ruleName, walletName, ruleWords, giving, windowWords, capWords, lasting, expiryWords, policyWords, summaryOf }
}
