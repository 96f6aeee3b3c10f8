/** One icon per type of feature. */
import type { FieldType } from './fields'

export const TYPE_ICONS: Record<FieldType, string> = {
  integer: 'i-lucide-hash',
  decimal: 'i-lucide-decimals-arrow-right',
  text: 'i-lucide-type',
  boolean: 'i-lucide-toggle-right',
  date: 'i-lucide-calendar',
  datetime: 'i-lucide-calendar-clock',
  text_list: 'i-lucide-list',
  number_list: 'i-lucide-list-ordered',
}
