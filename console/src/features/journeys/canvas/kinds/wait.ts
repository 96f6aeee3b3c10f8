import type { StepKind } from './kind'

export const wait: StepKind = {
  kind: 'wait',
  icon: 'i-lucide-clock',
  color: '#64748b',
  bar: 'bg-slate-500',
  tone: 'bg-slate-500/12 text-slate-700 dark:text-slate-300',
  blank: () => ({ mode: 'duration', amount: 1, unit: 'days' }),
}
