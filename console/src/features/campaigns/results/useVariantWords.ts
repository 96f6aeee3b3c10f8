/** A variant in the user's language: its own code, or what stands for it of who is in none. */
import { useI18n } from 'vue-i18n'

const WORDS: Readonly<Record<string, string>> = { control: 'campaigns.arms.control', '(none)': 'campaigns.noVariant' }

export function useVariantWords() {
  const { t } = useI18n()
  return (code: string): string => (WORDS[code] === undefined ? code : t(WORDS[code]))
}
