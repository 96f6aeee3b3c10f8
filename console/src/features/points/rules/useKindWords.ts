/** The verbs by which points move, as words and pictures. */
import { useI18n } from 'vue-i18n'

const ICONS: Record<string, string> = { earn: 'i-lucide-plus', burn: 'i-lucide-ticket', expire: 'i-lucide-hourglass', reverse: 'i-lucide-undo-2', adjust: 'i-lucide-scale', transfer: 'i-lucide-arrow-left-right', hold: 'i-lucide-lock' }

export function useKindWords() {
  const { t, te } = useI18n()
  const wordOf = (kind: string): string => {
    const key = `points.kinds.${kind.toLowerCase()}`
    return te(key) || te(key, 'en') ? t(key) : kind
  }
  /** The platform's own reason codes in words; a program's own code stands for itself. */
  const reasonOf = (code: string): string => {
    const key = `points.reasonCodes.${code}`
    return code && (te(key) || te(key, 'en')) ? t(key) : code
  }
  return { wordOf, reasonOf, iconOf: (kind: string): string => ICONS[kind.toLowerCase()] ?? 'i-lucide-circle-dot' }
}
