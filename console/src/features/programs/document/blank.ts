/** What each part of a program's document is before anybody says otherwise, and a served document taken into those shapes. */
import type { Activation, Adjustment, Burn, Cap, EarnBase, EarnRule, Expiry, ProgramDraft, Referral, Reversal, Tier, TierPolicy, Transfer, Wallet } from './types'

export const PURCHASE = 'customer.purchase'
export const MAIN_WALLET = 'main'

export const blankRule = (): EarnRule => ({
  code: '', name: '', rule: null, kind: 'base', event_type: PURCHASE, priority: 0, weekdays: [], hour_from: null, hour_until: null, segment_codes: [], tier_codes: [],
  starts_on: null, ends_on: null, wallet: MAIN_WALLET, is_multiplied: true, partner_ref: '', once_per: '',
})
export const blankTier = (): Tier => ({ code: '', name: '', min_points: 0, multiplier: '1', benefits: [], benefit_grants: [], is_invitation_only: false, priority: 0, color: '' })
export const blankCap = (): Cap => ({ code: '', period: 'day', scope: 'member', measure: 'points', limit: '5000', rule_code: '', partner_ref: '', tier_codes: [], on_reach: 'truncate' })
export const blankWallet = (): Wallet => ({ code: '', name: '', kind: 'redeemable', is_transferable: true })
const blankBase = (): EarnBase => ({ net_of_tax: false, net_of_fees: false, net_of_points_paid: true, excluded_categories: [], excluded_products: [], excluded_channels: [] })
const blankActivation = (): Activation => ({ kind: 'immediate', days: null })
export const blankExpiry = (): Expiry => ({ kind: 'never', days: null, months: null, month_day: '', period: 'year', periods: 1, tier_overrides: {}, warn_days_before: [], grace_days_after: 0 })
const blankBurn = (): Burn => ({ consumption: 'fifo', points_min: 1, points_step: 1, points_max: null })
const blankTransfer = (): Transfer => ({ is_allowed: true, points_min: 1, points_max: null, points_daily: null, points_monthly: null, fee_percent: '0', fee_points: 0, counts_for_tier: false, account_age_days_min: 0 })
const blankReversal = (): Reversal => ({ clawback: 'within_balance', reinstate_days: 30 })
const blankAdjustment = (): Adjustment => ({ reason_codes: [], points_max_without_approval: null })
const blankPolicy = (): TierPolicy => ({ qualifier: 'points', rule: null, window: 'lifetime', rolling_months: null, cycle_start: '', cycle_months: null, effect: 'immediate', downgrade: 'by_balance', grace_days: 0, validity: 'rest_of_period' })
const blankReferral = (): Referral => ({ referrer_points: 0, referee_points: 0 })

export function blankProgram(): ProgramDraft {
  return {
    name: '', code: '', description: '', status: 'DRAFT', start_date: null, end_date: null, currency: 'USD', timezone: 'UTC', enrollment: 'automatic',
    wallets: [{ ...blankWallet(), code: MAIN_WALLET, name: 'Main' }], point_value: null, tiers: [], tier_policy: blankPolicy(), earn_rules: [], stacking: 'sum', earn_base: blankBase(),
    activation: blankActivation(), referral: blankReferral(), caps: [], expiry: blankExpiry(), burn_rule: null, burn: blankBurn(), transfer: blankTransfer(), reversal: blankReversal(), adjustment: blankAdjustment(),
  }
}

type Served = Record<string, unknown>
const isRecord = (value: unknown): value is Served => value !== null && typeof value === 'object' && !Array.isArray(value)

/** The blank with what was served in its place; names that a document does not have (words, ids of rows) fall away. */
export function filled<T extends object>(blank: T, served: unknown): T {
  if (!isRecord(served)) return blank
  return Object.fromEntries(Object.entries(blank).map(([name, value]) => [name, served[name] === undefined ? value : served[name]])) as T
}

const listOf = <T extends object>(served: unknown, blank: () => T): T[] => (Array.isArray(served) ? served.map((one: unknown) => filled(blank(), one)) : [])

function tierOf(served: unknown): Tier {
  const id = isRecord(served) && typeof served['id'] === 'string' ? { id: served['id'] } : {}
  const tier = filled(blankTier(), served)
  return { ...id, ...tier, multiplier: String(tier.multiplier) }
}

/** A program or a version of one, as the server gives it, as a document to edit. */
export function draftOf(served: object): ProgramDraft {
  const given = served as Served
  const blank = blankProgram()
  const draft = filled(blank, given)
  return {
    ...draft,
    description: draft.description ?? '',
    tiers: Array.isArray(given['tiers']) ? given['tiers'].map(tierOf) : [],
    wallets: given['wallets'] === undefined ? blank.wallets : listOf(given['wallets'], blankWallet),
    earn_rules: listOf(given['earn_rules'], blankRule),
    caps: listOf(given['caps'], blankCap).map((cap) => ({ ...cap, limit: String(cap.limit) })),
    tier_policy: filled(blankPolicy(), given['tier_policy']),
    earn_base: filled(blankBase(), given['earn_base']),
    activation: filled(blankActivation(), given['activation']),
    referral: filled(blankReferral(), given['referral']),
    expiry: filled(blankExpiry(), given['expiry']),
    burn: filled(blankBurn(), given['burn']),
    transfer: filled(blankTransfer(), given['transfer']),
    reversal: filled(blankReversal(), given['reversal']),
    adjustment: filled(blankAdjustment(), given['adjustment']),
  }
}
