import { foldEffect } from '@codemirror/language'
import { afterEach, describe, expect, it } from 'vitest'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { flushPromises, type VueWrapper } from '@vue/test-utils'
import { EditorView } from '@codemirror/view'
import { mountApp } from '@/testing/mountApp'
import JsonCanvas from './JsonCanvas.vue'
import { PHRASES, phrasesIn } from './phrases'

const ARABIC: Record<string, string> = { 'rules.codeEditor.foldedCode': 'نص مطوي', 'rules.codeEditor.unfoldIt': 'بسط' }
let wrapper: VueWrapper | null = null
afterEach(() => wrapper?.unmount())
const require = createRequire(import.meta.url)
/** Of the editor's own packages, those whose words a reader of our editor meets; completion is not offered in it. */
const PACKAGES = ['language', 'search', 'lint', 'view', 'commands']

describe('phrases', () => {
  it('test_phrases__everything_the_editor_says__has_a_word_of_ours', () => {
    const said = new Set<string>()
    for (const name of PACKAGES) {
      const source = readFileSync(require.resolve(`@codemirror/${name}`).replace(/\.cjs$/, '.js'), 'utf8')
      for (const [call] of source.matchAll(/\bphrase\([^()]*"[^()]*\)/g)) for (const [, text] of call.matchAll(/"([^"]*)"/g)) if (text) said.add(text)
    }
    expect(said.size).toBeGreaterThan(15)
    expect([...said].filter((text) => !(text in PHRASES))).toEqual([])
  })

  it('test_editor__folded__says_it_in_the_words_given', async () => {
    wrapper = mountApp(JsonCanvas, { modelValue: '{\n  "a": [\n    1\n  ]\n}', label: 'Rule', phrases: phrasesIn((key) => ARABIC[key] ?? key) })
    await flushPromises()
    const view = EditorView.findFromDOM(wrapper.element as HTMLElement)
    view?.dispatch({ effects: foldEffect.of({ from: 1, to: 20 }) })
    const folded = wrapper.element.querySelector('.cm-foldPlaceholder')
    expect(folded?.getAttribute('title')).toBe('بسط')
    expect(folded?.getAttribute('aria-label')).toBe('نص مطوي')
    expect(phrasesIn((key) => key)['Fold line']).toBe('rules.codeEditor.fold')
  })
})
