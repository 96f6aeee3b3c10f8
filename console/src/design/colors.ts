/** The colours that drawings (charts, tiers, funnels) share; canvas cannot read CSS classes. */

export const SERIES = ['#6366f1', '#0ea5e9', '#10b981', '#f59e0b', '#ec4899', '#8b5cf6', '#14b8a6', '#f43f5e'] as const

export interface InkColors {
  text: string
  faint: string
  line: string
  surface: string
}

export function inkFor(isDark: boolean): InkColors {
  return isDark
    ? { text: '#cbd5e1', faint: '#94a3b8', line: '#26324a', surface: '#111a2e' }
    : { text: '#334155', faint: '#52607a', line: '#e8edf4', surface: '#ffffff' }
}

/** Bronze to Platinum look like their metals; other tiers take the series colours in order. */
const METALS: Record<string, string> = {
  bronze: '#c08457',
  silver: '#94a3b8',
  gold: '#eab308',
  platinum: '#6366f1',
  diamond: '#06b6d4',
}

export function tierColor(name: string, position: number, chosen?: string | null): string {
  if (chosen) return chosen
  return METALS[name.trim().toLowerCase()] ?? SERIES[position % SERIES.length] ?? SERIES[0]
}
