/**
 * The rule as a tree of groups and comparisons, and back, without loss.
 *
 * Whatever the tree has no line for is kept word for word as an advanced part. So `emit(parse(rule))` equals the
 * rule for every rule; `isShowable` checks it all the same, and the editor locks itself when it should ever not hold.
 */
import { emitAsking, isUnfinishedAsking, readAsking, type Asking } from './asking'
import { isRecord, isSame, type Json } from './json'
import { emitComparison, isUnfinished, readComparison, type Comparison } from './operators'

export type Match = 'all' | 'any'

export interface Group {
  kind: 'group'
  match: Match
  isNegated: boolean
  /** The negation is written `{"!": […]}`, with its operand in a list. */
  isListed?: boolean
  /** Not written in the rule: the frame around a rule that is a single comparison, around nothing yet, or around the one thing that is negated. */
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

export type RuleNode = Group | Condition | Asking | Advanced
/** A node that stands on a line of its own. */
export type Leaf = Exclude<RuleNode, Group>
/** Where a node stands: the positions to walk from the root. */
export type Path = readonly number[]

const MATCHES: Record<string, Match> = { and: 'all', or: 'any' }
const NAMES: Record<Match, string> = { all: 'and', any: 'or' }

function readGroup(rule: Json): Group | null {
  if (!isRecord(rule)) return null
  const names = Object.keys(rule)
  const name = names[0]
  if (names.length !== 1 || name === undefined) return null
  const match = MATCHES[name]
  const inner = rule[name] ?? null
  return match && Array.isArray(inner) ? { kind: 'group', match, isNegated: false, isBare: false, children: inner.map(readNode) } : null
}

/** NOT around a group turns that group round; around a single condition it makes a frame of its own. */
function readNegation(rule: Json): Group | null {
  if (!isRecord(rule) || Object.keys(rule).length !== 1) return null
  const operand = rule['!']
  const isListed = Array.isArray(operand) && operand.length === 1
  const inner = isListed ? operand[0] : operand
  if (!isRecord(inner)) return null
  const group = readGroup(inner)
  const listed = isListed ? { isListed } : {}
  if (group) return { ...group, isNegated: true, ...listed }
  const node = readNode(inner)
  return node.kind === 'advanced' ? null : { ...emptyTree(), isNegated: true, ...listed, children: [node] }
}

function readNode(rule: Json): RuleNode {
  const group = readGroup(rule)
  if (group) return group
  const comparison = readComparison(rule)
  if (comparison) return { kind: 'condition', ...comparison }
  return readAsking(rule) ?? readNegation(rule) ?? { kind: 'advanced', rule }
}

export const emptyTree = (): Group => ({ kind: 'group', match: 'all', isNegated: false, isBare: true, children: [] })

export function parse(rule: Json): Group {
  if (rule === null) return emptyTree()
  const node = readNode(rule)
  return node.kind === 'group' ? node : { ...emptyTree(), children: [node] }
}

export function emit(node: RuleNode): Json {
  if (node.kind === 'advanced') return node.rule
  if (node.kind === 'condition') return emitComparison(node)
  if (node.kind !== 'group') return emitAsking(node)
  const written = node.children.map(emit)
  if (node.isBare && written.length === 0) return null
  const first = written[0]
  const body: Json = node.isBare && written.length === 1 && first !== undefined ? first : { [NAMES[node.match]]: written }
  if (!node.isNegated) return body
  return { '!': node.isListed ? [body] : body }
}

export const isShowable = (rule: Json): boolean => isSame(emit(parse(rule)), rule)

/** A new tree in which one node is another; `null` takes it away. */
export function replaceAt(root: Group, path: Path, node: RuleNode | null): Group {
  const [position, ...rest] = path
  if (position === undefined) return node?.kind === 'group' ? node : root
  const child = root.children[position]
  if (child === undefined) return root
  const changed = rest.length === 0 ? node : child.kind === 'group' ? replaceAt(child, rest, node) : child
  // A frame that is not written goes with the last thing in it.
  const next = changed?.kind === 'group' && changed.isBare && changed.children.length === 0 ? null : changed
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

/** Every segment that a part of the tree asks for. */
export function segmentsOf(node: RuleNode): string[] {
  if (node.kind === 'membership') return node.segment === '' ? [] : [node.segment]
  return node.kind === 'group' ? node.children.flatMap(segmentsOf) : []
}

/** Parts that only the JSON view can change. */
export const countAdvanced = (node: RuleNode): number => (node.kind === 'group' ? node.children.reduce((sum, child) => sum + countAdvanced(child), 0) : node.kind === 'advanced' ? 1 : 0)

/** Some line still waits for a value, so the server need not be asked what the rule says. */
export function hasOpenLine(node: RuleNode): boolean {
  if (node.kind === 'group') return node.children.some(hasOpenLine)
  if (node.kind === 'condition') return isUnfinished(node)
  return node.kind !== 'advanced' && isUnfinishedAsking(node)
}

export const countConditions = (node: RuleNode): number => (node.kind === 'group' ? node.children.reduce((sum, child) => sum + countConditions(child), 0) : 1)
