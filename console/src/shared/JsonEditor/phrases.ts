/** The words of the code editor by what it calls them itself, each with the key under which ours stand. */
export const PHRASES: Readonly<Record<string, string>> = {
  'Fold line': 'fold',
  'Unfold line': 'unfold',
  'Folded lines': 'folded',
  'Unfolded lines': 'unfolded',
  'folded code': 'foldedCode',
  unfold: 'unfoldIt',
  to: 'to',
  'Control character': 'control',
  Diagnostics: 'diagnostics',
  'No diagnostics': 'noDiagnostics',
  'Selection deleted': 'deleted',
  Find: 'find',
  Replace: 'replaceField',
  next: 'next',
  previous: 'previous',
  all: 'all',
  'match case': 'matchCase',
  regexp: 'regexp',
  'by word': 'byWord',
  replace: 'replace',
  'replace all': 'replaceAll',
  close: 'close',
  'current match': 'currentMatch',
  'on line': 'onLine',
  'replaced $ matches': 'replacedMany',
  'replaced match on line $': 'replacedOne',
  'Go to line': 'goToLine',
  go: 'go',
}

/** Give the editor's words in the reader's language. */
export const phrasesIn = (t: (key: string) => string): Record<string, string> => Object.fromEntries(Object.entries(PHRASES).map(([phrase, key]) => [phrase, t(`rules.codeEditor.${key}`)]))
