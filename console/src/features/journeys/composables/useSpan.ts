/** A length of time as one says it: 42 seconds, 5 minutes, 3 hours, 2 days. */
import { computed } from 'vue'
import { useI18n } from 'vue-i18n'

const STEPS = [['day', 86_400], ['hour', 3_600], ['minute', 60], ['second', 1]] as const

export function useSpan() {
  const { locale } = useI18n()
  const formats = computed(() => new Map(STEPS.map(([unit]) => [unit, new Intl.NumberFormat(`${locale.value}-u-nu-latn`, { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: 1 })])))
  return (seconds: number | null | undefined): string => {
    if (seconds === null || seconds === undefined) return '—'
    const [unit, size] = STEPS.find(([, one]) => seconds >= one) ?? STEPS[3]
    return formats.value.get(unit)?.format(seconds / size) ?? String(seconds)
  }
}
