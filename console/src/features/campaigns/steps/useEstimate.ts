/** The live count of a draft: asked anew a moment after the last change of what it depends on. */
import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import { refDebounced } from '@vueuse/core'
import { computed, type Ref } from 'vue'
import { unitsOf } from '../content/channels'
import { estimateDraft, type CampaignDraft } from '../campaigns.api'

const PAUSE_MS = 500

export function useEstimate(draft: Ref<CampaignDraft>, id: Ref<string | null>) {
  const asked = computed(() => {
    const { program, segments, excluded_segments, purpose, channels, fallback, control_percent, repeat_days, trigger, budget_amount, content } = draft.value
    return JSON.stringify({ program, segments, excluded_segments, purpose, channels, fallback, control_percent, repeat_days, trigger, budget_amount, units: unitsOf(content) })
  })
  const settled = refDebounced(asked, PAUSE_MS)
  return useQuery({ queryKey: computed(() => ['campaigns', 'estimate', id.value, settled.value]), queryFn: () => estimateDraft(draft.value, id.value), placeholderData: keepPreviousData, retry: false })
}
