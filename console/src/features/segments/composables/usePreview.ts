/** The live estimate: whom the rule on screen would select, asked a moment after the last change. */
import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import { watchDebounced } from '@vueuse/core'
import { computed, shallowRef, type Ref } from 'vue'
import { useI18n } from 'vue-i18n'
import { useProblem } from '@/shared/http/useProblem'
import { hasOpenLine, parse, type Json } from '@/shared/RuleEditor'
import { previewRules, type Limit } from '../segments.api'

const PAUSE_MS = 450

export function usePreview(rules: Ref<Json>, limit: Ref<Limit | null>, isWanted: Ref<boolean>) {
  const { messageOf } = useProblem()
  const { t } = useI18n()
  const isOpen = computed(() => hasOpenLine(parse(rules.value)))
  // Shallow: the very object is compared below, and a deep ref would hand out a proxy of it.
  const settled = shallowRef<Json>(rules.value)
  const settledLimit = shallowRef<Limit | null>(limit.value)
  watchDebounced([rules, limit] as const, ([rule, most]) => {
    settled.value = rule
    settledLimit.value = most
  }, { debounce: PAUSE_MS })
  const isAsked = computed(() => isWanted.value && settled.value !== null && !isOpen.value)
  const query = useQuery({
    queryKey: computed(() => ['segments', 'preview', JSON.stringify([settled.value, settledLimit.value])]),
    queryFn: () => previewRules(settled.value, settledLimit.value),
    enabled: isAsked,
    placeholderData: keepPreviousData,
    retry: false,
  })
  const isSettled = computed(() => settled.value === rules.value && settledLimit.value === limit.value && !query.isFetching.value && !query.isPlaceholderData.value)
  const preview = computed(() => (isAsked.value ? query.data.value : undefined))
  const words = computed(() => (isOpen.value ? t('rules.openLine') : isSettled.value ? (preview.value?.rules_in_words ?? '') : ''))
  const problem = computed(() => (isAsked.value && isSettled.value && query.isError.value ? messageOf(query.error.value) : ''))
  return { preview, words, isOpen, problem, isSettled, isError: query.isError, error: query.error, refetch: query.refetch }
}
