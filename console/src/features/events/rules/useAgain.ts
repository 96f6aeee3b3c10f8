/** Trying again one after another, counting what went well; a refusal of one does not stop the others. */
import { useToast } from '@nuxt/ui/composables'
import { useQueryClient } from '@tanstack/vue-query'
import { ref } from 'vue'
import { useI18n } from 'vue-i18n'
import { useFormat } from '@/shared/format/useFormat'
import { useProblem } from '@/shared/http/useProblem'

export function useAgain(queryKey: string) {
  const { t } = useI18n()
  const { number } = useFormat()
  const { messageOf } = useProblem()
  const queries = useQueryClient()
  const toast = useToast()
  const isBusy = ref(false)

  /** `again` gives a sentence when the thing was not taken, and nothing when it was. */
  async function all<T>(rows: readonly T[], again: (row: T) => Promise<string | null>): Promise<boolean> {
    if (isBusy.value || rows.length === 0) return false
    isBusy.value = true
    const refusals: string[] = []
    for (const row of rows) {
      const refusal = await again(row).catch((error: unknown) => messageOf(error))
      if (refusal !== null) refusals.push(refusal)
    }
    isBusy.value = false
    const good = rows.length - refusals.length
    if (good > 0) toast.add({ title: t('events.again.done', { count: number(good) }, good), color: 'success', icon: 'i-lucide-rotate-ccw' })
    const [first] = refusals
    if (first !== undefined) toast.add({ title: t('events.again.notDone', { count: number(refusals.length) }, refusals.length), description: first, color: 'error', icon: 'i-lucide-circle-alert' })
    await queries.invalidateQueries({ queryKey: ['events', queryKey] })
    return refusals.length === 0
  }
  return { isBusy, all }
}
