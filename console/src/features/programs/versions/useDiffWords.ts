/** The names of fields and values for reading differences. */
import { useI18n } from 'vue-i18n'
import { useFormat } from '@/shared/format/useFormat'
import type { Words } from './versionChanges'

export function useDiffWords(): Words {
  const { t, te } = useI18n()
  const { number } = useFormat()
  const known = (key: string): string | null => (te(key) || te(key, 'en') ? t(key) : null)
  // A code like `customer.purchase` or `0.5` is no path of keys.
  const safe = (name: string): boolean => /^\w+$/.test(name)
  return {
    field: (name) => (safe(name) ? known(`programs.fields.${name}`) : null) ?? name,
    value: (value) => (safe(value) ? known(`programs.values.${value}`) : null) ?? value,
    number, section: (id) => t(id === 'other' ? 'programs.otherChanges' : `programs.sections.${id}`), yes: t('trace.yes'), no: t('trace.no'), join: ', ',
  }
}
