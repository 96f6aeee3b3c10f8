/** What the signed-in user may do; the server decides, the console only spares the user dead ends. */

const EVERYTHING = '*'

export interface Grants {
  permissions: readonly string[]
}

/** `segments.*` grants the whole domain, `*` grants all. */
export function isAllowed(grants: Grants | null, permission: string | null | undefined): boolean {
  if (permission === null || permission === undefined) return true
  if (grants === null) return false
  if (grants.permissions.includes(EVERYTHING) || grants.permissions.includes(permission)) return true
  const domain = permission.split('.')[0]
  return grants.permissions.includes(`${domain}.*`)
}
