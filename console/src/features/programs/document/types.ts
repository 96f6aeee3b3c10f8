/** The document of a program, part by part, under the names it has on the wire; decimals are texts, exact. */
import type { Json } from '@/shared/RuleEditor'

export type ProgramStatus = 'DRAFT' | 'ACTIVE' | 'INACTIVE'
export type Enrollment = 'automatic' | 'explicit'

/** Given once when a member enters the tier: points, or a feature that other systems grant. */
/** What is given on entering a tier; points count under the member's limits only when `is_capped`. */
export interface BenefitGrant { code: string; kind: 'points' | 'feature'; points: number; is_capped?: boolean }

export interface Tier {
  id?: string
  code: string
  name: string
  min_points: number
  multiplier: string
  /** Names, for members to read. */
  benefits: string[]
  benefit_grants: BenefitGrant[]
  is_invitation_only: boolean
  priority: number
  color: string
}

export type EarnKind = 'base' | 'bonus'

export interface EarnRule {
  code: string
  name: string
  rule: Json
  kind: EarnKind
  event_type: string
  priority: number
  /** Monday is 1; empty is every day. */
  weekdays: number[]
  /** In the program's zone; from 22 until 6 passes midnight. */
  hour_from: number | null
  hour_until: number | null
  segment_codes: string[]
  tier_codes: string[]
  starts_on: string | null
  ends_on: string | null
  wallet: string
  is_multiplied: boolean
  partner_ref: string
  once_per: '' | 'member'
}

export type Stacking = 'sum' | 'best' | 'first'

export interface EarnBase {
  net_of_tax: boolean
  net_of_fees: boolean
  net_of_points_paid: boolean
  excluded_categories: string[]
  excluded_products: string[]
  excluded_channels: string[]
}

export interface Activation { kind: 'immediate' | 'after_days' | 'on_confirmation'; days: number | null }

export type CapPeriod = 'transaction' | 'day' | 'week' | 'month' | 'year' | 'program'
export type CapScope = 'member' | 'household' | 'program' | 'partner'

export interface Cap {
  code: string
  period: CapPeriod
  scope: CapScope
  measure: 'points' | 'money'
  limit: string
  /** Empty: of everything that is earned. */
  rule_code: string
  partner_ref: string
  tier_codes: string[]
  on_reach: 'truncate' | 'refuse'
}

export type ExpiryKind = 'never' | 'age' | 'fixed_date' | 'end_of_period' | 'inactivity'
export type ExpiryPeriod = 'month' | 'quarter' | 'year'
export interface TierExpiry { days: number | null; months: number | null }

export interface Expiry {
  kind: ExpiryKind
  days: number | null
  months: number | null
  /** `12-31`, the last good day; empty where it says nothing. */
  month_day: string
  period: ExpiryPeriod
  /** The period of the earning is the first. */
  periods: number
  tier_overrides: Record<string, TierExpiry>
  warn_days_before: number[]
  grace_days_after: number
}

export interface Burn { consumption: 'fifo' | 'lifo' | 'proportional'; points_min: number; points_step: number; points_max: number | null }

export interface Transfer {
  is_allowed: boolean
  points_min: number
  points_max: number | null
  points_daily: number | null
  points_monthly: number | null
  fee_percent: string
  fee_points: number
  counts_for_tier: boolean
  account_age_days_min: number
}

export interface Reversal { clawback: 'only_pending' | 'within_balance' | 'unlimited'; reinstate_days: number }
export interface ReasonCode { code: string; name: string }
export interface Adjustment { reason_codes: ReasonCode[]; points_max_without_approval: number | null }
export interface Wallet { code: string; name: string; kind: 'redeemable' | 'status' | 'partner'; is_transferable: boolean }

export type Qualifier = 'points' | 'spend' | 'count' | 'tenure' | 'rule'
export type TierWindow = 'lifetime' | 'calendar_year' | 'anniversary' | 'rolling' | 'cycle'

export interface TierPolicy {
  qualifier: Qualifier
  rule: Json
  window: TierWindow
  rolling_months: number | null
  cycle_start: string
  cycle_months: number | null
  effect: 'immediate' | 'next_period'
  downgrade: 'never' | 'one_step' | 'by_balance'
  grace_days: number
  validity: 'rest_of_period' | 'rest_plus_next'
}

export interface Referral { referrer_points: number; referee_points: number }

/** What the user edits; the same names as on the wire, so that a refusal finds its field. */
export interface ProgramDraft {
  name: string
  code: string
  description: string
  status: ProgramStatus
  start_date: string | null
  end_date: string | null
  currency: string
  timezone: string
  enrollment: Enrollment
  wallets: Wallet[]
  point_value: string | null
  tiers: Tier[]
  tier_policy: TierPolicy
  earn_rules: EarnRule[]
  stacking: Stacking
  earn_base: EarnBase
  activation: Activation
  referral: Referral
  caps: Cap[]
  expiry: Expiry
  burn_rule: Json
  burn: Burn
  transfer: Transfer
  reversal: Reversal
  adjustment: Adjustment
}

export type Edit = (part: Partial<ProgramDraft>, burst?: string) => void
export type ErrorOf = (path: string) => string | undefined
