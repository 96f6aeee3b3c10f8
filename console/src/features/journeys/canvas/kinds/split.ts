import type { StepKind } from './kind'

export const split: StepKind = {
  kind: 'split',
  icon: 'i-lucide-shuffle',
  color: '#7c3aed',
  bar: 'bg-violet-600',
  tone: 'bg-violet-500/12 text-violet-800 dark:text-violet-400',
  blank: () => ({ mode: 'random', branches: [{ code: 'a', weight: 50 }, { code: 'b', weight: 50 }], salt: '' }),
}
