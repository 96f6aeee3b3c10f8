/** Moving a line of the rule: among its neighbours, out of its group, into the next one, or to where it was dropped. */
import { nodeAt, replaceAt, type Group, type Path, type RuleNode } from './tree'

export interface Moved {
  root: Group
  /** Where the line stands now. */
  path: Path
}

const isInside = (path: Path, outer: Path): boolean => outer.length <= path.length && outer.every((step, place) => path[place] === step)

function insertAt(root: Group, path: Path, node: RuleNode): Group {
  const parentPath = path.slice(0, -1)
  const position = path.at(-1)
  const parent = nodeAt(root, parentPath)
  if (parent?.kind !== 'group' || position === undefined) return root
  return replaceAt(root, parentPath, { ...parent, children: [...parent.children.slice(0, position), node, ...parent.children.slice(position)] })
}

/** Takes the line at `from` and puts it before what stands at `to`; a group does not go into itself. */
export function moveTo(root: Group, from: Path, to: Path): Moved | null {
  const node = nodeAt(root, from)
  const position = to.at(-1)
  if (node === undefined || from.length === 0 || position === undefined || isInside(to, from)) return null
  const depth = to.length - 1
  const isShifted = isInside(from, to.slice(0, -1)) && (from[depth] ?? -1) >= position
  const source = isShifted ? from.map((step, place) => (place === depth ? step + 1 : step)) : from
  const next = replaceAt(insertAt(root, to, node), source, null)
  // Taking the line away moves those behind it in the same list one up.
  const home = source.slice(0, -1)
  const isPulled = home.length < to.length && isInside(to, home) && (source.at(-1) ?? 0) < (to[home.length] ?? 0)
  return { root: next, path: isPulled ? to.map((step, place) => (place === home.length ? step - 1 : step)) : to }
}

function siblingsOf(root: Group, path: Path): readonly RuleNode[] {
  const parent = nodeAt(root, path.slice(0, -1))
  return parent?.kind === 'group' ? parent.children : []
}

const atPlace = (path: Path, position: number): Path => [...path.slice(0, -1), position]

/** One place up or down in its own group. */
export function moveBy(root: Group, path: Path, by: -1 | 1): Moved | null {
  const position = path.at(-1)
  if (position === undefined) return null
  const target = position + by
  if (target < 0 || target >= siblingsOf(root, path).length) return null
  return moveTo(root, path, atPlace(path, by < 0 ? target : target + 1))
}

/** Out of its group, to the place behind it. */
export function moveOut(root: Group, path: Path): Moved | null {
  const groupPlace = path.at(-2)
  return groupPlace === undefined ? null : moveTo(root, path, [...path.slice(0, -2), groupPlace + 1])
}

/** To the end of the group before it, or else to the beginning of the one behind it. */
export function moveInto(root: Group, path: Path): Moved | null {
  const position = path.at(-1)
  if (position === undefined) return null
  const siblings = siblingsOf(root, path)
  const before = siblings[position - 1]
  if (before?.kind === 'group') return moveTo(root, path, [...atPlace(path, position - 1), before.children.length])
  return siblings[position + 1]?.kind === 'group' ? moveTo(root, path, [...atPlace(path, position + 1), 0]) : null
}

/** Puts a group of its own around the line. */
export function wrapAt(root: Group, path: Path): Moved | null {
  const node = nodeAt(root, path)
  const parent = nodeAt(root, path.slice(0, -1))
  if (node === undefined || parent?.kind !== 'group' || path.length === 0) return null
  const group: Group = { kind: 'group', match: parent.match === 'all' ? 'any' : 'all', isNegated: false, isBare: false, children: [node] }
  return { root: replaceAt(root, path, group), path: [...path, 0] }
}
