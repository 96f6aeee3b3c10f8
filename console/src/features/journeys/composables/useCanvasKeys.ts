/**
 * The keys of the builder. Arrows walk the graph along its lines, Alt with arrows moves the chosen steps; in fields, menus
 * and dialogs every key keeps its usual meaning.
 */
import { useEventListener } from '@vueuse/core'
import { GRID, type Direction, type Point } from '../canvas/graph'

export interface CanvasActs {
  walk: (direction: Direction) => void
  shift: (by: Point) => void
  removeChosen: () => void
  duplicate: () => void
  chooseAll: () => void
  chooseNone: () => void
  tidy: () => void
  add: () => void
  addNote: () => void
  find: () => void
  zoomIn: () => void
  zoomOut: () => void
  actualSize: () => void
  showAll: () => void
  copy: () => string | null
  cut: () => string | null
  paste: (text: string) => boolean
}

const ELSEWHERE = 'input, textarea, select, [contenteditable="true"], [role="dialog"], [role="listbox"], [role="combobox"], [role="menu"], [role="radio"]'
const ARROWS: Record<string, [Direction, Point]> = {
  ArrowDown: ['down', { x: 0, y: GRID }],
  ArrowUp: ['up', { x: 0, y: -GRID }],
  ArrowLeft: ['left', { x: -GRID, y: 0 }],
  ArrowRight: ['right', { x: GRID, y: 0 }],
}

const isElsewhere = (target: EventTarget | null): boolean => (target instanceof Element && target.closest(ELSEWHERE) !== null) || document.querySelector('[role="dialog"][data-state="open"]') !== null

export function useCanvasKeys(acts: CanvasActs, mayEdit: () => boolean): void {
  function plain(event: KeyboardEvent): (() => void) | null {
    switch (event.key) {
      case 'Delete': case 'Backspace': return acts.removeChosen
      case 'Escape': return acts.chooseNone
      case '+': case '=': return acts.zoomIn
      case '-': case '_': return acts.zoomOut
      case '0': return acts.actualSize
      case '1': return acts.showAll
      case 'n': case 'N': case 'Insert': return acts.add
      case 's': case 'S': return acts.addNote
      case 'f': case 'F': return acts.find
      default: return null
    }
  }
  const EDITS = new Set<unknown>([acts.removeChosen, acts.add, acts.addNote])

  useEventListener(document, 'keydown', (event: KeyboardEvent) => {
    if (isElsewhere(event.target) || event.defaultPrevented) return
    const isCommand = event.ctrlKey || event.metaKey
    const arrow = ARROWS[event.key]
    let act: (() => void) | null = null
    if (arrow && !isCommand) act = event.altKey ? (mayEdit() ? () => acts.shift(arrow[1]) : null) : () => acts.walk(arrow[0])
    else if (isCommand && event.key.toLowerCase() === 'a') act = acts.chooseAll
    else if (isCommand && event.key.toLowerCase() === 'd') act = mayEdit() ? acts.duplicate : null
    else if (event.altKey && event.shiftKey && event.code === 'KeyT') act = mayEdit() ? acts.tidy : null
    else if (!isCommand && !event.altKey) act = plain(event)
    if (act === null || (EDITS.has(act) && !mayEdit())) return
    event.preventDefault()
    act()
  })

  /** Text that is marked on the page is what the user means to copy. */
  const hasText = (): boolean => (window.getSelection()?.toString() ?? '') !== ''
  function give(event: ClipboardEvent, text: string | null): void {
    if (text === null) return
    event.clipboardData?.setData('text/plain', text)
    event.preventDefault()
  }
  useEventListener(document, 'copy', (event: ClipboardEvent) => { if (!isElsewhere(event.target) && !hasText()) give(event, acts.copy()) })
  useEventListener(document, 'cut', (event: ClipboardEvent) => { if (!isElsewhere(event.target) && !hasText() && mayEdit()) give(event, acts.cut()) })
  useEventListener(document, 'paste', (event: ClipboardEvent) => {
    if (isElsewhere(event.target) || !mayEdit()) return
    const text = event.clipboardData?.getData('text/plain') ?? ''
    if (acts.paste(text)) event.preventDefault()
  })
}
