/** Why a customer was not written to, in the user's language; a reason without words is shown as it is. */
import { useI18n } from 'vue-i18n'

export function useReasonWords() {
  const { t, te } = useI18n()
  return (reason: string): string => {
    const key = `campaigns.reasons.${reason.replaceAll('.', '_')}`
    return te(key) || te(key, 'en') ? t(key) : reason
  }
}
