/** Texts in the user's language: those of the frame at once, a feature's with its first page, other languages when chosen. */
import { createI18n } from 'vue-i18n'

export const LANGUAGES = [
  { code: 'en', name: 'English', dir: 'ltr' },
  { code: 'ar', name: 'العربية', dir: 'rtl' },
] as const

export type LanguageCode = (typeof LANGUAGES)[number]['code']
type Messages = Record<string, unknown>

const ENGLISH = import.meta.glob<Messages>(['./locales/en.json', '../shared/locales/en.json', '../features/*/locales/nav.en.json'], { eager: true, import: 'default' })
const FEATURES = import.meta.glob<Messages>('../features/*/locales/en.json', { import: 'default' })
const OTHERS = import.meta.glob<Messages>(['./locales/ar.json', '../shared/locales/ar.json', '../features/*/locales/ar.json'], { import: 'default' })

/** A feature's file lives under the feature's name; those of app and shared bring their own top-level names. */
export function namespaced(path: string, messages: Messages): Messages {
  const feature = /features\/([^/]+)\/locales\//.exec(path)?.[1]
  return feature ? { [feature]: messages } : messages
}

function english(): Messages {
  return Object.entries(ENGLISH).reduce<Messages>((all, [path, messages]) => ({ ...all, ...namespaced(path, messages) }), {})
}

export const i18n = createI18n({
  legacy: false,
  locale: 'en',
  fallbackLocale: 'en',
  messages: { en: english() as Record<string, never> },
  missingWarn: false,
  fallbackWarn: false,
})

const loaded = new Map<string, Promise<void>>()

/** The English texts of one feature, once; other languages fall back to them. */
export function loadTexts(feature: string): Promise<void> {
  const path = `../features/${feature}/locales/en.json`
  const load = FEATURES[path]
  const known = loaded.get(feature)
  if (known !== undefined || load === undefined) return known ?? Promise.resolve()
  const coming = load().then((messages) => i18n.global.mergeLocaleMessage('en', namespaced(path, messages)))
  loaded.set(feature, coming)
  // A failed load (an upgrade in between) must not be remembered as done.
  coming.catch(() => loaded.delete(feature))
  return coming
}

export async function useLanguage(code: LanguageCode): Promise<void> {
  if (code !== 'en' && !(i18n.global.availableLocales as string[]).includes(code)) {
    for (const [path, load] of Object.entries(OTHERS)) {
      if (path.endsWith(`/${code}.json`)) i18n.global.mergeLocaleMessage(code, namespaced(path, await load()))
    }
  }
  i18n.global.locale.value = code as 'en'
  const direction = LANGUAGES.find((language) => language.code === code)?.dir ?? 'ltr'
  document.documentElement.lang = code
  document.documentElement.dir = direction
}

/** A text outside of components; the plain signature keeps the compiler from walking every message. */
export const say = (key: string): string => (i18n.global as unknown as { t: (key: string) => string }).t(key)
