/** One change sent once: a key that stays while the request stays, the refusal in words, the place of each error. */
import { useQueryClient } from '@tanstack/vue-query'
import { ref } from 'vue'
import type { FieldErrors } from '@/shared/editing/drafts'
import { newKey } from '@/shared/http/newKey'
import { toProblem } from '@/shared/http/problems'
import { useProblem } from '@/shared/http/useProblem'

export function useSending() {
  const { messageOf } = useProblem()
  const queries = useQueryClient()
  const isBusy = ref(false)
  const refusal = ref('')
  const errors = ref<FieldErrors>([])
  let key = newKey('console-')
  let sent = ''

  function begin(): void {
    key = newKey('console-')
    sent = ''
    refusal.value = ''
    errors.value = []
  }

  /** What was changed after a try is another request and gets another key; the same one again stays the same. */
  async function send<T>(request: unknown, how: (key: string) => Promise<T>): Promise<T | undefined> {
    if (isBusy.value) return undefined
    const text = JSON.stringify(request)
    if (sent !== '' && sent !== text) key = newKey('console-')
    sent = text
    isBusy.value = true
    refusal.value = ''
    errors.value = []
    try {
      const answer = await how(key)
      await queries.invalidateQueries({ queryKey: ['points'] })
      return answer
    } catch (error) {
      refusal.value = messageOf(error)
      errors.value = toProblem(error).fields
      return undefined
    } finally {
      isBusy.value = false
    }
  }

  return { isBusy, refusal, errors, begin, send }
}
