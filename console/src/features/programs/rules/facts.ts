/** What an earn rule may read, for the visual editor; the server's list is `EARN_SCHEMA`, and a test compares the two. */
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { useI18n } from 'vue-i18n'
import type { Field, FieldType } from '@/shared/FieldPicker/fields'
import type { ProgramDraft } from '../document/types'

type Group = 'purchase' | 'time' | 'member'

export const EARN_FACTS: readonly (readonly [name: string, type: FieldType, group: Group])[] = [
  ['transaction_amount', 'decimal', 'purchase'], ['eligible_amount', 'decimal', 'purchase'], ['product_category', 'text', 'purchase'], ['product_id', 'text', 'purchase'],
  ['channel', 'text', 'purchase'], ['quantity', 'decimal', 'purchase'], ['currency', 'text', 'purchase'], ['partner_ref', 'text', 'purchase'], ['event_type', 'text', 'purchase'],
  ['tax_amount', 'decimal', 'purchase'], ['fee_amount', 'decimal', 'purchase'], ['points_paid_amount', 'decimal', 'purchase'],
  ['day_of_week', 'integer', 'time'], ['weekday', 'integer', 'time'], ['hour_of_day', 'integer', 'time'], ['occurred_on', 'date', 'time'],
  ['tier_code', 'text', 'member'], ['points_balance', 'integer', 'member'], ['points_lifetime', 'integer', 'member'], ['days_enrolled', 'integer', 'member'],
  ['purchase_count', 'integer', 'member'], ['segment_codes', 'text_list', 'member'],
]

export function useEarnFacts(draft: MaybeRefOrGetter<Pick<ProgramDraft, 'tiers' | 'currency'>>) {
  const { t } = useI18n()
  return computed<Field[]>(() => EARN_FACTS.map(([name, type, group]) => ({
    name, type, label: t(`programs.facts.${name}.label`), description: t(`programs.facts.${name}.text`), category: t(`programs.factGroups.${group}`), data_source: t('programs.factSource'),
    is_nullable: type === 'text', freshness: null,
    ...(name.endsWith('_amount') ? { unit: toValue(draft).currency } : {}),
    ...(name === 'tier_code' ? { values: toValue(draft).tiers.map((tier) => tier.code) } : {}),
  })))
}
