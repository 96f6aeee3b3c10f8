/** The papers of notes: a tint on which the text of either scheme can be read, and its edge. */
import type { NoteColor } from './graph'

export const PAPERS: Record<NoteColor, string> = {
  yellow: 'bg-amber-100 ring-amber-300 dark:bg-[color-mix(in_oklab,var(--color-amber-500)_18%,var(--ui-bg))] dark:ring-amber-800',
  green: 'bg-emerald-100 ring-emerald-300 dark:bg-[color-mix(in_oklab,var(--color-emerald-500)_18%,var(--ui-bg))] dark:ring-emerald-800',
  blue: 'bg-sky-100 ring-sky-300 dark:bg-[color-mix(in_oklab,var(--color-sky-500)_18%,var(--ui-bg))] dark:ring-sky-800',
  pink: 'bg-pink-100 ring-pink-300 dark:bg-[color-mix(in_oklab,var(--color-pink-500)_18%,var(--ui-bg))] dark:ring-pink-800',
  grey: 'bg-slate-100 ring-slate-300 dark:bg-slate-800 dark:ring-slate-600',
}
/** The same for images, which have no scheme. */
export const PAPER_FILLS: Record<NoteColor, string> = { yellow: '#fef3c7', green: '#d1fae5', blue: '#e0f2fe', pink: '#fce7f3', grey: '#f1f5f9' }
export const PAPER_EDGES: Record<NoteColor, string> = { yellow: '#fcd34d', green: '#6ee7b7', blue: '#7dd3fc', pink: '#f9a8d4', grey: '#cbd5e1' }
