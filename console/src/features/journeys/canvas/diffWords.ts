/** The server's difference of two graphs in the groups that the shared view of changes shows. */
import type { Change, ChangeGroup } from '@/shared/DiffView/changes'
import type { Difference, GraphDiff, NamedNode, PlainEdge } from '../journeys.api'
import type { Mark } from './context'

export interface DiffWords {
  group: (key: 'nodes' | 'edges' | 'settings') => string
  step: (id: string) => string
  branch: (branch: string) => string
  field: (path: string) => string
  kind: (node: NamedNode) => string
}

const textOf = (value: unknown): string | null => {
  if (value === null || value === undefined) return null
  if (typeof value === 'boolean') return value ? '✓' : '✗'
  return typeof value === 'object' ? JSON.stringify(value, null, 1) : String(value)
}
const isPlace = (path: string): boolean => path === 'position' || path.startsWith('position.') || path === 'x' || path === 'y'

/** What is only where it stands on the canvas is not a change. */
export function groupsOf(diff: GraphDiff, words: DiffWords): ChangeGroup[] {
  const line = (edge: PlainEdge): string => `${words.step(edge.source)} → ${words.step(edge.target)}`
  const fields = (key: string, name: string, differences: readonly Difference[]): Change[] => differences.filter((one) => !isPlace(one.path)).map((one) => ({ key: `${key} ${one.path}`, name: `${name}${name ? ': ' : ''}${words.field(one.path)}`, before: textOf(one.before), after: textOf(one.after) }))
  const nodes: Change[] = [
    ...diff.nodes.added.map((node) => ({ key: `+${node.id}`, name: node.name || node.id, before: null, after: words.kind(node) })),
    ...diff.nodes.removed.map((node) => ({ key: `-${node.id}`, name: node.name || node.id, before: words.kind(node), after: null })),
    ...diff.nodes.changed.flatMap((node) => fields(node.id, node.name || node.id, node.fields)),
  ]
  const edges: Change[] = [
    ...diff.edges.added.map((edge) => ({ key: `+${edge.source} ${edge.branch} ${edge.target}`, name: line(edge), before: null, after: words.branch(edge.branch) })),
    ...(diff.edges.changed ?? []).map((edge) => ({ key: `~${edge.source} ${edge.branch}`, name: `${words.step(edge.source)}: ${words.branch(edge.branch)}`, before: words.step(edge.target_before), after: words.step(edge.target) })),
    ...diff.edges.removed.map((edge) => ({ key: `-${edge.source} ${edge.branch} ${edge.target}`, name: line(edge), before: words.branch(edge.branch), after: null })),
  ]
  const settings = fields('settings', '', diff.settings)
  const groups: ChangeGroup[] = [
    { key: 'nodes', title: words.group('nodes'), icon: 'i-lucide-workflow', changes: nodes },
    { key: 'edges', title: words.group('edges'), icon: 'i-lucide-spline', changes: edges },
    { key: 'settings', title: words.group('settings'), icon: 'i-lucide-settings-2', changes: settings },
  ]
  return groups.filter((group) => group.changes.length > 0)
}

/** The same as colours on the canvas of the newer graph. */
export function marksOf(diff: GraphDiff): Map<string, Mark> {
  const marks = new Map<string, Mark>()
  for (const node of diff.nodes.changed) if (node.fields.some((one) => !isPlace(one.path))) marks.set(node.id, 'changed')
  for (const node of diff.nodes.added) marks.set(node.id, 'added')
  for (const node of diff.nodes.removed) marks.set(node.id, 'removed')
  return marks
}
