/** What the keys do on the handle of a line. */
export type LineAct = 'up' | 'down' | 'out' | 'into' | 'remove' | 'copy' | 'wrap' | 'previous' | 'next'

/** The act a key asks for, or null; "into" and "out" follow the direction of reading. */
export function actOf(event: Pick<KeyboardEvent, 'key' | 'altKey' | 'ctrlKey' | 'metaKey'>, isRightToLeft: boolean): LineAct | null {
  const inward = isRightToLeft ? 'ArrowLeft' : 'ArrowRight'
  const outward = isRightToLeft ? 'ArrowRight' : 'ArrowLeft'
  if (event.ctrlKey || event.metaKey) return event.key.toLowerCase() === 'd' ? 'copy' : null
  if (event.altKey) return event.key === 'ArrowUp' ? 'up' : event.key === 'ArrowDown' ? 'down' : event.key === inward ? 'into' : event.key === outward ? 'out' : null
  if (event.key === 'ArrowUp') return 'previous'
  if (event.key === 'ArrowDown') return 'next'
  if (event.key === 'Delete' || event.key === 'Backspace') return 'remove'
  return event.key.toLowerCase() === 'g' ? 'wrap' : null
}
