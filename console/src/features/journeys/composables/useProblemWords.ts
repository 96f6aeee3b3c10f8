/** Problems of a journey in the reader's language: by their code, else in the words of the server. */
import { useI18n } from 'vue-i18n'
import type { Problem } from '../journeys.api'

export function useProblemWords() {
  const { t, te, locale } = useI18n()
  const keyOf = (problem: Problem, part: string): string => `journeys.wrong.${problem.code.replace(/^journeys\./, '')}.${part}`
  /** English is what the server says itself, and says more exactly. */
  const own = (problem: Problem, part: string): string | null => (!problem.is_worded && locale.value !== 'en' && te(keyOf(problem, part)) ? t(keyOf(problem, part)) : null)
  const messageOf = (problem: Problem): string => own(problem, 'what') ?? problem.message
  const repairOf = (problem: Problem): string => own(problem, 'repair') ?? problem.repair
  return { messageOf, repairOf }
}
