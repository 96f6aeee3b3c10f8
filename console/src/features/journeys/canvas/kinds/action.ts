import type { StepKind } from './kind'

export const action: StepKind = {
  kind: 'action',
  icon: 'i-lucide-zap',
  color: '#ea580c',
  bar: 'bg-orange-500',
  tone: 'bg-orange-500/12 text-orange-800 dark:text-orange-400',
  blank: () => ({}),
}
