/** Carries out what the keys and tools of a line ask for, and keeps the focus on the line that moved. */
import { nextTick, toValue, type MaybeRefOrGetter, type Ref } from 'vue'
import type { LineAct } from './lineKeys'
import { moveBy, moveInto, moveOut, wrapAt, type Moved } from './moves'
import { duplicateAt, replaceAt, type Group, type Path } from './tree'

const MOVES: Partial<Record<LineAct, (root: Group, path: Path) => Moved | null>> = {
  up: (root, path) => moveBy(root, path, -1),
  down: (root, path) => moveBy(root, path, 1),
  out: moveOut,
  into: moveInto,
  wrap: wrapAt,
}

export function useLineActs(frame: Ref<HTMLElement | undefined>, root: MaybeRefOrGetter<Group>, change: (root: Group) => void) {
  const editor = (): Element | null => frame.value?.closest('[data-rule-root]') ?? null
  const handles = (within: Element | null): HTMLElement[] => [...(within?.querySelectorAll<HTMLElement>('[data-line]') ?? [])]

  function step(path: Path, by: number): void {
    const all = handles(editor())
    all[all.findIndex((handle) => handle.dataset['line'] === path.join('.')) + by]?.focus()
  }

  /** The line at this place after the tree was drawn again; where there is none, the one before it. */
  async function focusOn(within: Element | null, path: Path): Promise<void> {
    await nextTick()
    const all = handles(within)
    ;(all.find((handle) => handle.dataset['line'] === path.join('.')) ?? all.at(-1))?.focus()
  }

  return (act: LineAct, path: Path): void => {
    if (act === 'previous' || act === 'next') return step(path, act === 'next' ? 1 : -1)
    const within = editor()
    const now = toValue(root)
    if (act === 'remove') change(replaceAt(now, path, null))
    else if (act === 'copy') change(duplicateAt(now, path))
    const moved = MOVES[act]?.(now, path)
    if (moved) change(moved.root)
    if (act === 'remove' || act === 'copy' || moved) void focusOn(within, moved?.path ?? path)
  }
}
