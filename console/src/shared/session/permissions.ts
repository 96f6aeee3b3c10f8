/** What the signed-in user may do; the server decides, the console only spares the user dead ends. */

const EVERYTHING = '*'

export interface Grants {
  permissions: readonly string[]
}

/** A permission that is needed, or several of which one is enough; null for none. */
export type Needed = string | readonly string[] | null

/** `segments.*` grants the whole domain, `*` grants all. */
export function isAllowed(grants: Grants | null, permission: Needed | undefined): boolean {
  if (permission === null || permission === undefined) return true
  if (typeof permission !== 'string') return permission.some((one) => isAllowed(grants, one))
  if (grants === null) return false
  if (grants.permissions.includes(EVERYTHING) || grants.permissions.includes(permission)) return true
  const domain = permission.split('.')[0]
  return grants.permissions.includes(`${domain}.*`)
}
