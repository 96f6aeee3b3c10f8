import type { StepKind } from './kind'

export const end: StepKind = {
  kind: 'end',
  icon: 'i-lucide-flag',
  color: '#dc2626',
  bar: 'bg-red-600',
  tone: 'bg-red-500/12 text-red-800 dark:text-red-400',
  blank: () => ({ outcome: 'completed', is_goal: false }),
}
