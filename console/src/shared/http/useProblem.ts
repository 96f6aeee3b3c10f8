/** Problems as sentences and toasts in the user's language. */
import { useToast } from '@nuxt/ui/composables'
import { useI18n } from 'vue-i18n'
import { isWaiting, problemMessage, toProblem } from './problems'

export function useProblem() {
  const { t, te } = useI18n()
  const toast = useToast()
  const words = { t: (key: string, values?: Record<string, unknown>) => t(key, values ?? {}), te: (key: string) => te(key) || te(key, 'en') }

  function messageOf(error: unknown): string {
    return problemMessage(toProblem(error), words)
  }

  /** As a toast; what waits for consent is no refusal. */
  function report(error: unknown, title: string): void {
    if (isWaiting(error)) return
    toast.add({ title, description: messageOf(error), color: 'error', icon: 'i-lucide-circle-alert' })
  }

  return { messageOf, report }
}
