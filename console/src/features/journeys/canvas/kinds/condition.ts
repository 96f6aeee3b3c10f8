import type { StepKind } from './kind'

export const condition: StepKind = {
  kind: 'condition',
  icon: 'i-lucide-split',
  color: '#2563eb',
  bar: 'bg-blue-600',
  tone: 'bg-blue-500/12 text-blue-800 dark:text-blue-400',
  blank: () => ({ rule: null, unknown: 'no' }),
}
