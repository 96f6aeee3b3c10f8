/** The sections of the builder, in the order one thinks of them, and which parts of the document each holds. */
import type { ProgramDraft } from './types'

export const SECTION_IDS = ['details', 'wallets', 'tiers', 'earning', 'bonuses', 'counts', 'caps', 'expiry', 'redeeming', 'policies'] as const
export type SectionId = (typeof SECTION_IDS)[number]

export interface Section { id: SectionId; icon: string; group: 'basics' | 'earning' | 'using'; paths: readonly string[] }

export const SECTIONS: readonly Section[] = [
  { id: 'details', icon: 'i-lucide-file-text', group: 'basics', paths: ['name', 'code', 'description', 'status', 'start_date', 'end_date', 'currency', 'timezone', 'enrollment'] },
  { id: 'wallets', icon: 'i-lucide-wallet', group: 'basics', paths: ['wallets', 'point_value'] },
  { id: 'tiers', icon: 'i-lucide-medal', group: 'basics', paths: ['tiers', 'tier_policy'] },
  { id: 'earning', icon: 'i-lucide-coins', group: 'earning', paths: ['earn_rules', 'stacking', 'earn_rule'] },
  { id: 'bonuses', icon: 'i-lucide-sparkles', group: 'earning', paths: ['referral'] },
  { id: 'counts', icon: 'i-lucide-scale', group: 'earning', paths: ['earn_base', 'activation'] },
  { id: 'caps', icon: 'i-lucide-gauge', group: 'earning', paths: ['caps', 'earn_cap_daily'] },
  { id: 'expiry', icon: 'i-lucide-hourglass', group: 'using', paths: ['expiry', 'expiry_days'] },
  { id: 'redeeming', icon: 'i-lucide-gift', group: 'using', paths: ['burn_rule', 'burn'] },
  { id: 'policies', icon: 'i-lucide-arrow-left-right', group: 'using', paths: ['transfer', 'reversal', 'adjustment'] },
]

export const GROUPS = ['basics', 'earning', 'using'] as const

export const isSection = (value: unknown): value is SectionId => SECTION_IDS.includes(value as SectionId)

const isWithin = (field: string, path: string): boolean => field === path || field.startsWith(`${path}.`) || field.startsWith(`${path}/`)

/** Where the field of a refusal is edited; a bonus rule is a rule, but stands among the bonuses. */
export function sectionOf(field: string, draft: Pick<ProgramDraft, 'earn_rules'>): SectionId | null {
  const position = Number(/^earn_rules\.(\d+)/.exec(field)?.[1] ?? -1)
  if (position >= 0 && draft.earn_rules[position]?.kind === 'bonus') return 'bonuses'
  return SECTIONS.find((section) => section.paths.some((path) => isWithin(field, path)))?.id ?? null
}

export interface PlacedProblem { section: SectionId | null; field: string; message: string }

export const placed = (problems: readonly { field: string; message: string }[], draft: Pick<ProgramDraft, 'earn_rules'>): PlacedProblem[] =>
  problems.filter((problem) => problem.field !== '').map((problem) => ({ section: sectionOf(problem.field, draft), field: problem.field, message: problem.message }))
