/** A key that makes a request happen once, however often it is sent. */

const BYTES = 16

/** Random and unique; made by hand because `crypto.randomUUID` is missing on plain http. */
export function newKey(prefix = ''): string {
  const bytes = crypto.getRandomValues(new Uint8Array(BYTES))
  return prefix + [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}
