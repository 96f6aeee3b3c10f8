/** Problems as sentences and toasts in the user's language. */
import { useToast } from '@nuxt/ui/composables'
import { useI18n } from 'vue-i18n'
import { problemMessage, toProblem } from './problems'

export function useProblem() {
  const { t, te } = useI18n()
  const toast = useToast()
  const words = { t: (key: string, values?: Record<string, unknown>) => t(key, values ?? {}), te: (key: string) => te(key) || te(key, 'en') }

  function messageOf(error: unknown): string {
    return problemMessage(toProblem(error), words)
  }

  function report(error: unknown, title: string): void {
    toast.add({ title, description: messageOf(error), color: 'error', icon: 'i-lucide-circle-alert' })
  }

  return { messageOf, report }
}
