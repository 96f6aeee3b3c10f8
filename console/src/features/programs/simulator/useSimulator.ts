/** A sample purchase tried by the document on screen, and by the saved one beside it; tried again whenever either changes. */
import { useMutation } from '@tanstack/vue-query'
import { useDebounceFn } from '@vueuse/core'
import { computed, reactive, watch } from 'vue'
import type { ProgramDraft } from '../document/types'
import { instantIn } from '../document/zones'
import { simulate, type Program, type Simulation, type SimulationRequest } from '../programs.api'

export const NO_TIER = 'none'
const QUIET_MS = 500

export interface SampleLine { product_category: string; amount: number }
export interface Sample {
  amount: number
  tier: string
  category: string
  channel: string
  product: string
  partner: string
  tax: number
  fees: number
  pointsPaid: number
  /** Local time of the program, as a datetime field gives it; empty is now. */
  at: string
  event: string
  segments: string[]
  lines: SampleLine[]
  /** Who buys; nobody in particular is someone who joins with this purchase. */
  customer: { id: string; label: string } | null
}

export const sampleOf = (): Sample => ({ amount: 150, tier: NO_TIER, category: '', channel: '', product: '', partner: '', tax: 0, fees: 0, pointsPaid: 0, at: '', event: '', segments: [], lines: [], customer: null })

/** Only what was said: an empty text is not a channel called nothing. */
export function contextOf(sample: Sample): Record<string, unknown> {
  const said: Record<string, string> = {
    product_category: sample.category.trim(), channel: sample.channel.trim(), product_id: sample.product.trim(), partner_ref: sample.partner.trim(),
    tax_amount: sample.tax > 0 ? String(sample.tax) : '', fee_amount: sample.fees > 0 ? String(sample.fees) : '', points_paid_amount: sample.pointsPaid > 0 ? String(sample.pointsPaid) : '',
  }
  const lines = sample.lines.filter((line) => line.amount > 0).map((line, place) => ({ line_id: String(place + 1), amount: String(line.amount), ...(line.product_category.trim() ? { product_category: line.product_category.trim() } : {}) }))
  return { ...Object.fromEntries(Object.entries(said).filter(([, value]) => value !== '')), ...(lines.length ? { lines } : {}) }
}

export function requestOf(sample: Sample, draft: ProgramDraft): SimulationRequest {
  const amount = sample.lines.length ? sample.lines.reduce((sum, line) => sum + line.amount, 0) : sample.amount
  return {
    transaction_amount: String(amount), currency: draft.currency, transaction_context: contextOf(sample),
    ...(sample.customer ? { customer_id: sample.customer.id } : sample.tier === NO_TIER ? {} : { tier_code: sample.tier }),
    ...(sample.at ? { occurred_at: instantIn(draft.timezone, sample.at) } : {}),
    ...(sample.segments.length ? { segment_codes: [...sample.segments] } : {}),
    ...(sample.event.trim() ? { event_type: sample.event.trim() } : {}),
  }
}

export function useSimulator(source: () => { program: Program | null; draft: ProgramDraft; isDirty: boolean }) {
  const sample = reactive<Sample>(sampleOf())

  const trial = useMutation({
    mutationFn: async (): Promise<{ now: Simulation; saved: Simulation | null }> => {
      const { program, draft, isDirty } = source()
      const request = requestOf(sample, draft)
      const now = await simulate(program?.id ?? null, request, draft)
      // Beside it what the saved program would give; where that cannot be told, nothing is said.
      const saved = isDirty && program ? await simulate(program.id, request).catch(() => null) : null
      return { now, saved }
    },
  })
  const again = useDebounceFn(() => trial.mutate(), QUIET_MS)
  const isTried = computed(() => trial.data.value !== undefined || trial.isError.value)
  watch([() => source().draft, sample], () => {
    if (isTried.value) void again()
  })

  return { sample, trial, result: computed(() => trial.data.value?.now), saved: computed(() => trial.data.value?.saved ?? null) }
}
