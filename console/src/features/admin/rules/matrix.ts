/** The matrix of roles and permissions: what a cell shows, and what an edit makes of a role's grants. */
import type { Grant, Permission, Role, Scope } from '../access.api'

export interface Cell {
  /** The grants that name exactly this permission. */
  own: Grant[]
  /** A wider pattern that gives it too, such as `points.*` or `*`. */
  wider: Grant | null
}

/** `points.*` covers the whole domain, `*.view` that verb in each, `*` everything. */
export function covers(pattern: string, code: string): boolean {
  if (pattern === '*' || pattern === code) return true
  const [domain, verb] = pattern.split('.')
  const [domainOfCode, verbOfCode] = code.split('.')
  return (domain === '*' || domain === domainOfCode) && (verb === '*' || verb === verbOfCode)
}

export function cellOf(grants: readonly Grant[], code: string): Cell {
  const own = grants.filter((grant) => grant.permission === code)
  return { own, wider: grants.find((grant) => grant.permission !== code && covers(grant.permission, code)) ?? null }
}

/** A cell as one grant: with several, the widest says it. */
export function shownOf(cell: Cell): Grant | null {
  return [...cell.own, ...(cell.wider ? [cell.wider] : [])].sort((left, right) => widthOf(right) - widthOf(left))[0] ?? null
}

const WIDTHS: Record<Scope, number> = { all: 3, program: 2, partner: 1, own: 0 }
const widthOf = (grant: Grant): number => WIDTHS[grant.scope] * 2 + (grant.points_max === null ? 1 : 0)

/** One grant for this permission, in place of those that named it; null takes them away. */
export function withGrant(grants: readonly Grant[], code: string, grant: Omit<Grant, 'permission'> | null): Grant[] {
  const others = grants.filter((one) => one.permission !== code)
  return grant === null ? others : [...others, { permission: code, ...grant }]
}

/** A pattern replaced by the permissions it covers today, so that single ones can be taken away. */
export function split(grants: readonly Grant[], pattern: Grant, catalogue: readonly Permission[]): Grant[] {
  const named = new Set(grants.map((grant) => grant.permission))
  const single = catalogue.filter((one) => covers(pattern.permission, one.code) && !named.has(one.code)).map((one) => ({ ...pattern, permission: one.code }))
  return [...grants.filter((grant) => grant !== pattern), ...single]
}

const keyOf = (grant: Grant): string => `${grant.permission} ${grant.scope} ${grant.points_max ?? ''}`
export const isSameGrants = (left: readonly Grant[], right: readonly Grant[]): boolean => left.length === right.length && new Set([...left, ...right].map(keyOf)).size === new Set(left.map(keyOf)).size

export interface DomainRows {
  domain: string
  permissions: Permission[]
}

/** The catalogue by domain, narrowed to what holds every word. */
export function rowsOf(catalogue: readonly Permission[], search: string): DomainRows[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean)
  const domains = new Map<string, Permission[]>()
  for (const one of catalogue) {
    const text = `${one.code} ${one.description}`.toLowerCase()
    if (words.every((word) => text.includes(word))) domains.set(one.domain, [...(domains.get(one.domain) ?? []), one])
  }
  return [...domains].map(([domain, permissions]) => ({ domain, permissions }))
}

/** Roles of one's own making first, then those that are shipped. */
export const ordered = (roles: readonly Role[]): Role[] => [...roles].sort((left, right) => Number(left.is_shipped) - Number(right.is_shipped) || left.name.localeCompare(right.name))
