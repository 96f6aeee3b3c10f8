/** Changing an ordered list without touching the old one, and codes that nobody else has; pure. */

export const replacedAt = <T>(list: readonly T[], position: number, part: Partial<T>): T[] => list.map((item, place) => (place === position ? { ...item, ...part } : item))

export const withoutAt = <T>(list: readonly T[], position: number): T[] => list.filter((_, place) => place !== position)

export function moved<T>(list: readonly T[], from: number, to: number): T[] {
  const item = list[from]
  if (item === undefined || to < 0 || to >= list.length || from === to) return [...list]
  const rest = withoutAt(list, from)
  return [...rest.slice(0, to), item, ...rest.slice(to)]
}

/** `Double weekend` gives `double_weekend`, in letters every system can carry; `fallback` where the name has none of them. */
export function slugOf(name: string, fallback = 'item'): string {
  return name.normalize('NFKD').replace(/[^A-Za-z0-9]+/g, '_').replace(/^_+|_+$/g, '').toLowerCase().slice(0, 40) || fallback
}

/** The code itself, or with the first free number behind it. */
export function freeCode(wanted: string, taken: readonly string[]): string {
  if (!taken.includes(wanted)) return wanted
  let number = 2
  while (taken.includes(`${wanted}_${number}`)) number += 1
  return `${wanted}_${number}`
}
