/** The frame in Arabic: its own texts, those that every page shares, the names in the sidebar, and the component library's. */
import { ar } from '@nuxt/ui/locale'

export const frame = import.meta.glob<Record<string, unknown>>(['./ar.json', '../../shared/locales/ar.json', '../../features/*/locales/nav.ar.json'], { eager: true, import: 'default' })
export const library = ar
