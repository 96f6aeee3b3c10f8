/**
 * The rule as a tree of groups and comparisons, and back, without loss.
 *
 * Whatever the tree has no line for is kept word for word as an advanced part. So `emit(parse(rule))` equals the
 * rule for every rule; `isShowable` checks it all the same, and the editor locks itself when it should ever not hold.
 */
import { isRecord, isSame, type Json } from './json'
import { OPERATORS, readComparison, type Comparison } from './operators'

export type Match = 'all' | 'any'

export interface Group {
  kind: 'group'
  match: Match
  isNegated: boolean
  /** Not written in the rule: the frame around a rule that is a single comparison, or around nothing yet. */
  isBare: boolean
  children: readonly RuleNode[]
}

export interface Condition extends Comparison {
  kind: 'condition'
}

export interface Advanced {
  kind: 'advanced'
  rule: Json
}

export type RuleNode = Group | Condition | Advanced
/** Where a node stands: the positions to walk from the root. */
export type Path = readonly number[]

const MATCHES: Record<string, Match> = { and: 'all', or: 'any' }
const NAMES: Record<Match, string> = { all: 'and', any: 'or' }

function readGroup(rule: Json): Group | null {
  if (!isRecord(rule)) return null
  const names = Object.keys(rule)
  const name = names[0]
  if (names.length !== 1 || name === undefined) return null
  const inner = rule[name] ?? null
  if (name === '!' && isRecord(inner)) {
    const group = readGroup(inner)
    return group && !group.isNegated ? { ...group, isNegated: true } : null
  }
  const match = MATCHES[name]
  return match && Array.isArray(inner) ? { kind: 'group', match, isNegated: false, isBare: false, children: inner.map(readNode) } : null
}

function readNode(rule: Json): RuleNode {
  const group = readGroup(rule)
  if (group) return group
  const comparison = readComparison(rule)
  return comparison ? { kind: 'condition', ...comparison } : { kind: 'advanced', rule }
}

export const emptyTree = (): Group => ({ kind: 'group', match: 'all', isNegated: false, isBare: true, children: [] })

export function parse(rule: Json): Group {
  if (rule === null) return emptyTree()
  const node = readNode(rule)
  return node.kind === 'group' ? node : { ...emptyTree(), children: [node] }
}

export function emit(node: RuleNode): Json {
  if (node.kind === 'advanced') return node.rule
  if (node.kind === 'condition') return OPERATORS[node.operator].emit(node.field, node.value)
  const written = node.children.map(emit)
  if (node.isBare && written.length === 0) return null
  const first = written[0]
  const body: Json = node.isBare && written.length === 1 && first !== undefined ? first : { [NAMES[node.match]]: written }
  return node.isNegated ? { '!': body } : body
}

export const isShowable = (rule: Json): boolean => isSame(emit(parse(rule)), rule)

/** A new tree in which one node is another; `null` takes it away. */
export function replaceAt(root: Group, path: Path, node: RuleNode | null): Group {
  const [position, ...rest] = path
  if (position === undefined) return node?.kind === 'group' ? node : root
  const child = root.children[position]
  if (child === undefined) return root
  const next = rest.length === 0 ? node : child.kind === 'group' ? replaceAt(child, rest, node) : child
  const children = root.children.flatMap((item, place) => (place === position ? (next === null ? [] : [next]) : [item]))
  return { ...root, children }
}

export function nodeAt(root: Group, path: Path): RuleNode | undefined {
  return path.reduce<RuleNode | undefined>((node, position) => (node?.kind === 'group' ? node.children[position] : undefined), root)
}

export function addTo(root: Group, path: Path, node: RuleNode): Group {
  const parent = nodeAt(root, path)
  return parent?.kind === 'group' ? replaceAt(root, path, { ...parent, children: [...parent.children, node] }) : root
}

export function duplicateAt(root: Group, path: Path): Group {
  const parentPath = path.slice(0, -1)
  const position = path.at(-1)
  const parent = nodeAt(root, parentPath)
  if (position === undefined || parent?.kind !== 'group') return root
  const node = parent.children[position]
  return node === undefined ? root : replaceAt(root, parentPath, { ...parent, children: parent.children.flatMap((item, place) => (place === position ? [item, node] : [item])) })
}

/** Every field a comparison of the tree names. */
export function fieldsOf(node: RuleNode): string[] {
  if (node.kind === 'condition') return [node.field]
  return node.kind === 'group' ? node.children.flatMap(fieldsOf) : []
}

export const countConditions = (node: RuleNode): number => (node.kind === 'group' ? node.children.reduce((sum, child) => sum + countConditions(child), 0) : 1)
