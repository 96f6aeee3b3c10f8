/** Texts in the user's language: those of the frame at once, a feature's with its first page, in the language that is spoken. */
import { en as englishLibrary } from '@nuxt/ui/locale'
import { shallowRef } from 'vue'
import { createI18n } from 'vue-i18n'

export const LANGUAGES = [
  { code: 'en', name: 'English', dir: 'ltr' },
  { code: 'ar', name: 'العربية', dir: 'rtl' },
] as const

export type LanguageCode = (typeof LANGUAGES)[number]['code']
type Messages = Record<string, unknown>

const ENGLISH = import.meta.glob<Messages>(['./locales/en.json', '../shared/locales/en.json', '../features/*/locales/nav.en.json'], { eager: true, import: 'default' })
/** The texts of features, and those that pages share; the latter under the name below. */
const PAGES = import.meta.glob<Messages>(['../features/*/locales/{en,ar}.json', '../shared/locales/pages.{en,ar}.json', '../shared/locales/{server,refusals}.ar.json'], { import: 'default' })
const SHARED = 'shared'
/** Words for what the server says in English, and for what it refuses: in other languages only. */
const SERVER = ['server', 'refusals'] as const
/** What the frame says in another language, and the words of the component library, in one file per language. */
const FRAMES: Partial<Record<LanguageCode, () => Promise<{ frame: Record<string, Messages>; library: typeof englishLibrary }>>> = {
  ar: () => import('./locales/frame.ar'),
}

/** A feature's file lives under the feature's name; those of app and shared bring their own top-level names. */
export function namespaced(path: string, messages: Messages): Messages {
  const feature = /features\/([^/]+)\/locales\//.exec(path)?.[1]
  return feature ? { [feature]: messages } : messages
}

function joined(files: Record<string, Messages>): Messages {
  return Object.entries(files).reduce<Messages>((all, [path, messages]) => ({ ...all, ...namespaced(path, messages) }), {})
}

const ARABIC_FORMS = ['zero', 'one', 'two', 'few', 'many', 'other']
const arabicPlurals = new Intl.PluralRules('ar')

/** Arabic counts in six forms; a text that has only the three of English is taken as in English. */
export function arabicForm(count: number, forms: number): number {
  return forms === ARABIC_FORMS.length ? ARABIC_FORMS.indexOf(arabicPlurals.select(Math.abs(count))) : Math.min(Math.abs(count), forms - 1)
}

export const i18n = createI18n({
  legacy: false,
  locale: 'en',
  fallbackLocale: 'en',
  messages: { en: joined(ENGLISH) as Record<string, never> },
  pluralRules: { ar: arabicForm },
  missingWarn: false,
  fallbackWarn: false,
})

/** The component library's own words, for UApp. */
export const libraryWords = shallowRef(englishLibrary)

const loaded = new Map<string, Promise<void>>()
const features = new Set<string>()

/** One file of texts, once; a failed load (an upgrade in between) is not remembered as done. */
function once(key: string, load: () => Promise<void>): Promise<void> {
  const known = loaded.get(key)
  if (known !== undefined) return known
  const coming = load()
  loaded.set(key, coming)
  coming.catch(() => loaded.delete(key))
  return coming
}

function loadFeature(feature: string, code: LanguageCode): Promise<void> {
  const path = (SERVER as readonly string[]).includes(feature) ? `../shared/locales/${feature}.${code}.json` : feature === SHARED ? `../shared/locales/pages.${code}.json` : `../features/${feature}/locales/${code}.json`
  const load = PAGES[path]
  return load === undefined ? Promise.resolve() : once(path, async () => i18n.global.mergeLocaleMessage(code, namespaced(path, await load())))
}

const spoken = (): LanguageCode => i18n.global.locale.value as LanguageCode

/** The texts of a page's features, with those that all pages share, in the language that is spoken, and in English for what that one lacks. */
export async function loadTexts(wanted: readonly string[]): Promise<void> {
  const names = [SHARED, ...SERVER, ...wanted]
  for (const name of names) features.add(name)
  const codes = new Set<LanguageCode>(['en', spoken()])
  await Promise.all([...codes].flatMap((code) => names.map((name) => loadFeature(name, code))))
}

function loadFrame(code: LanguageCode): Promise<void> {
  const load = FRAMES[code]
  if (load === undefined) return Promise.resolve()
  return once(`frame ${code}`, async () => i18n.global.mergeLocaleMessage(code, joined((await load()).frame)))
}

export async function useLanguage(code: LanguageCode): Promise<void> {
  await Promise.all([loadFrame(code), ...[...features].map((feature) => loadFeature(feature, code))])
  libraryWords.value = (await FRAMES[code]?.())?.library ?? englishLibrary
  i18n.global.locale.value = code as 'en'
  const direction = LANGUAGES.find((language) => language.code === code)?.dir ?? 'ltr'
  document.documentElement.lang = code
  document.documentElement.dir = direction
}

/** A text outside of components; the plain signature keeps the compiler from walking every message. */
export const say = (key: string): string => (i18n.global as unknown as { t: (key: string) => string }).t(key)
