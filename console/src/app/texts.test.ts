/** The console's own manners: every text that is asked for exists, and no permission is made up. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import refusals from '@/shared/locales/refusals.ar.json' with { type: 'json' }
import server from '@/shared/locales/server.ar.json' with { type: 'json' }

type Tree = { [key: string]: Tree | string }

const sources = import.meta.glob<string>(['../**/*.vue', '../**/*.ts', '!../**/*.test.ts', '!../api/**', '!../types/**'], { eager: true, query: '?raw', import: 'default' })
const english = import.meta.glob<Tree>(['./locales/en.json', '../shared/locales/{en,pages.en}.json', '../features/*/locales/{en,nav.en}.json'], { eager: true, import: 'default' })
const arabic = import.meta.glob<Tree>(['./locales/ar.json', '../shared/locales/{ar,pages.ar}.json', '../features/*/locales/{ar,nav.ar}.json'], { eager: true, import: 'default' })

function keysOf(tree: Tree, prefix: string): string[] {
  return Object.entries(tree).flatMap(([name, value]) => (typeof value === 'string' ? [prefix + name] : keysOf(value, `${prefix}${name}.`)))
}

function allKeys(files: Record<string, Tree>): Set<string> {
  return new Set(Object.entries(files).flatMap(([path, tree]) => {
    const feature = /features\/([^/]+)\//.exec(path)?.[1]
    return keysOf(tree, feature ? `${feature}.` : '')
  }))
}

const known = allKeys(english)

describe('texts', () => {
  it('test_texts__every_literal_key_of_the_sources__exists_in_english', () => {
    const missing: string[] = []
    let asked = 0
    for (const [path, source] of Object.entries(sources)) {
      for (const found of source.matchAll(/(?:\bt|\bsay)\(\s*'([\w.]+)'|(?:labelKey|titleKey): '([\w.]+)'/g)) {
        const key = found[1] ?? found[2] ?? ''
        asked += 1
        if (!known.has(key)) missing.push(`${path}: ${key}`)
      }
    }
    expect(missing).toEqual([])
    expect(asked).toBeGreaterThan(300)
  })

  it('test_texts__keys_of_arabic_and_english__the_same_in_every_file', () => {
    const pairs = Object.entries(english).map(([path, tree]) => [path, keysOf(tree, ''), keysOf(arabic[path.replace('en.json', 'ar.json')] ?? {}, '')] as const)
    expect(pairs.length).toBeGreaterThan(15)
    const missing = pairs.flatMap(([path, own, other]) => own.filter((key) => !other.includes(key)).map((key) => `${path}: ${key} is missing in Arabic`))
    const unknown = pairs.flatMap(([path, own, other]) => other.filter((key) => !own.includes(key)).map((key) => `${path}: ${key} is only in Arabic`))
    expect([...missing, ...unknown]).toEqual([])
    expect(Object.keys(arabic)).toHaveLength(pairs.length)
  })

  it('test_texts__arabic__is_written_in_arabic', () => {
    // Names of products and of formats are the same everywhere.
    const names = ['features.xiva', 'programs.sim.purchase', 'rules.json', 'fields.sources.xiva']
    const latin = Object.entries(arabic).flatMap(([path, tree]) => textsOf(tree, prefixOf(path))).filter(([key, text]) => !names.includes(key) && /[A-Za-z]/.test(text) && !/[\u0600-\u06FF]/.test(text.replace(/\{\w+\}/g, '')))
    expect(latin.map(([key]) => key)).toEqual([])
  })

  it('test_texts__placeholders_of_arabic__are_those_of_english', () => {
    const english_ = Object.fromEntries(Object.entries(english).flatMap(([path, tree]) => textsOf(tree, prefixOf(path))))
    const wrong = Object.entries(arabic).flatMap(([path, tree]) => textsOf(tree, prefixOf(path))).filter(([key, text]) => placeholders(text).some((name) => !placeholders(english_[key] ?? '').includes(name)))
    expect(wrong).toEqual([])
  })
})

describe('plurals', () => {
  const forms = (text: string): number => text.split('|').length
  const english_ = Object.entries(english).flatMap(([path, tree]) => textsOf(tree, prefixOf(path)))
  const arabic_ = Object.fromEntries(Object.entries(arabic).flatMap(([path, tree]) => textsOf(tree, prefixOf(path))))

  it('test_plurals__english__has_none_one_and_many', () => {
    expect(english_.filter(([, text]) => ![1, 3].includes(forms(text))).map(([key]) => key)).toEqual([])
  })

  it('test_plurals__counted_in_english__are_counted_in_the_six_forms_of_arabic', () => {
    // Said in Arabic without a noun that would follow the figure.
    const uncounted = ['segments.recalculatedText']
    expect(english_.filter(([key, text]) => forms(text) === 3 && forms(arabic_[key] ?? '') !== 6 && !uncounted.includes(key)).map(([key]) => key)).toEqual([])
  })

  it('test_plurals__a_figure_before_a_noun_of_many__can_be_one', () => {
    const noun = /\{\w+\} (?:more )?(?:days|hours|minutes|seconds|weeks|months|years|points|customers|members|people|messages|rows|steps|entries|stores|types|tries|versions|conversions|lines|problems|segments)\b/
    // A whole of many, and a bound: neither is ever one.
    const many = ['segments.tooMany', 'delivery.templates.finding.sms_too_long', 'delivery.templates.finding.sms_many_segments', 'programs.words.categories', 'programs.why.times', 'campaigns.effectWords']
    expect(english_.filter(([key, text]) => forms(text) === 1 && noun.test(text) && !many.includes(key)).map(([key, text]) => `${key}: ${text}`)).toEqual([])
  })
})

describe('refusals', () => {
  it('test_refusals__every_code_of_the_catalogue__has_words_in_arabic_and_none_is_made_up', () => {
    const catalogue = new Set([...readFileSync('../docs/api/errors.md', 'utf8').matchAll(/^\| `([a-z_]+\.[a-z_.]+)` \|/gm)].map((found) => found[1] ?? ''))
    expect(catalogue.size).toBeGreaterThan(200)
    const worded = new Set(textsOf(refusals, '').map(([key]) => key.replace(/^refusals\./, '')))
    const asked = new Set([...allKeys(arabic)].filter((key) => key.startsWith('problems.')).map((key) => key.replace('problems.', '')))
    expect([...catalogue].filter((code) => !worded.has(code) && !asked.has(code))).toEqual([])
    expect([...worded].filter((code) => !catalogue.has(code))).toEqual([])
  })
})

describe('words of the server', () => {
  it.each([['permissions', 'permission', /^\| `([a-z_]+\.[a-z_]+)` \|/gm, 80], ['events', 'event', /^\| `([a-z_]+\.[a-z_]+)` \| \d/gm, 40]])('test_words__every_one_of_the_catalogue_of_%s__is_said_in_arabic', (file, kind, pattern, least) => {
    const catalogue = [...readFileSync(`../docs/api/${file}.md`, 'utf8').matchAll(pattern)].map((found) => found[1] ?? '')
    expect(catalogue.length).toBeGreaterThan(least)
    const said = new Set(textsOf(server, '').map(([key]) => key))
    expect(catalogue.filter((code) => !said.has(`server.${kind}.${code}`))).toEqual([])
  })
})

describe('permissions', () => {
  it('test_permissions__named_in_the_console__are_in_the_catalogue_of_the_server', () => {
    const catalogue = readFileSync('../docs/api/permissions.md', 'utf8')
    const used = new Set(Object.values(sources).flatMap((source) => [...source.matchAll(/(?:\bpermission(?:=|: ?)|\bcan\()["']([a-z_]+\.[a-z_]+)["']/g)].map((found) => found[1] ?? '')))
    expect(used.size).toBeGreaterThan(5)
    expect([...used].filter((code) => !catalogue.includes(`\`${code}\``))).toEqual([])
  })
})

function prefixOf(path: string): string {
  const feature = /features\/([^/]+)\//.exec(path)?.[1]
  return feature ? `${feature}.` : ''
}

function textsOf(tree: Tree, prefix: string): [string, string][] {
  return Object.entries(tree).flatMap(([name, value]): [string, string][] => (typeof value === 'string' ? [[prefix + name, value]] : textsOf(value, `${prefix}${name}.`)))
}

function placeholders(text: string): string[] {
  return [...text.matchAll(/\{(\w+)\}/g)].map((found) => found[1] ?? '')
}
