/**
 * The facts a campaign can wait for, with the fields each carries: what a filter may read and a text may show.
 *
 * They repeat what the backend's event trigger accepts; a name that it does not know is refused when saving.
 */
import type { Field, FieldType } from '@/shared/FieldPicker/fields'

const TYPES: Record<string, FieldType> = { amount: 'decimal', points_amount: 'integer', points_balance: 'integer' }
const PURCHASE = ['amount', 'currency', 'product_id', 'product_category', 'channel']
const POINTS = ['points_amount', 'points_balance']

export const EVENT_FIELDS: Record<string, readonly string[]> = {
  'customer.purchase': PURCHASE,
  'customer.topup': PURCHASE,
  'customer.bill_paid': PURCHASE,
  'customer.plan_changed': ['product_id', 'product_category', 'channel'],
  'customer.usage_high': ['product_id', 'product_category'],
  'customer.login': ['channel'],
  'customer.created': [],
  'customer.updated': [],
  'member.enrolled': ['tier_code'],
  'points.earned': POINTS,
  'points.burned': POINTS,
  'points.expired': POINTS,
  'points.reversed': POINTS,
  'tier.upgraded': ['from_tier', 'to_tier'],
  'tier.downgraded': ['from_tier', 'to_tier'],
}

export function fieldsOf(eventType: string, label: (name: string) => string, category: string): Field[] {
  return (EVENT_FIELDS[eventType] ?? []).map((name) => ({
    name, label: label(name), type: TYPES[name] ?? 'text', description: '', category, data_source: 'event', is_nullable: true, freshness: null,
  }))
}
