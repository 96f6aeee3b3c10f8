import type { StepKind } from './kind'

export const start: StepKind = {
  kind: 'start',
  icon: 'i-lucide-rocket',
  color: '#16a34a',
  bar: 'bg-green-600',
  tone: 'bg-green-500/12 text-green-800 dark:text-green-400',
  blank: () => ({ trigger: { kind: 'segment', segment_id: null, edge: 'entered', backfill: false } }),
}
