/**
 * Circles whose areas stand for sizes and whose overlaps stand, as well as circles can, for what is common; pure.
 *
 * Two circles can show their overlap exactly; three are placed by their three distances, which shows each pair exactly and
 * what all three share roughly. The figures beside the picture are exact.
 */

export interface Circle {
  x: number
  y: number
  radius: number
}

const STEPS = 60

/** Area common to two circles (the lens between their arcs). */
export function lensArea(first: number, second: number, distance: number): number {
  if (distance >= first + second) return 0
  if (distance <= Math.abs(first - second)) return Math.PI * Math.min(first, second) ** 2
  const half = (radius: number, other: number): number => radius ** 2 * Math.acos(Math.min(1, Math.max(-1, (distance ** 2 + radius ** 2 - other ** 2) / (2 * distance * radius))))
  const kite = 0.5 * Math.sqrt(Math.max(0, (-distance + first + second) * (distance + first - second) * (distance - first + second) * (distance + first + second)))
  return half(first, second) + half(second, first) - kite
}

/** The distance at which two circles share so much area; found by halving, the area falls as they part. */
export function distanceFor(first: number, second: number, area: number): number {
  let near = Math.abs(first - second)
  let far = first + second
  if (area <= 0) return far
  for (let step = 0; step < STEPS; step += 1) {
    const middle = (near + far) / 2
    if (lensArea(first, second, middle) > area) near = middle
    else far = middle
  }
  return (near + far) / 2
}

/** Circles for two or three sizes and the common size of each pair, in the order 12, 13, 23. */
export function circlesFor(sizes: readonly number[], pairs: readonly number[]): Circle[] {
  const radii = sizes.map((size) => Math.sqrt(Math.max(size, 0) / Math.PI))
  const [first = 0, second = 0, third] = radii
  const between = distanceFor(first, second, pairs[0] ?? 0)
  const circles: Circle[] = [{ x: 0, y: 0, radius: first }, { x: between, y: 0, radius: second }]
  if (third === undefined) return circles
  const fromFirst = distanceFor(first, third, pairs[1] ?? 0)
  const fromSecond = distanceFor(second, third, pairs[2] ?? 0)
  // Where the three distances make no triangle, the third circle stands as near to the line as it can.
  const x = between === 0 ? 0 : (fromFirst ** 2 - fromSecond ** 2 + between ** 2) / (2 * between)
  const y = Math.sqrt(Math.max(0, fromFirst ** 2 - x ** 2))
  return [...circles, { x, y, radius: third }]
}


/** Moved and scaled into a box with a margin. */
export function fitted(circles: readonly Circle[], width: number, height: number, margin: number): Circle[] {
  const left = Math.min(...circles.map((circle) => circle.x - circle.radius))
  const right = Math.max(...circles.map((circle) => circle.x + circle.radius))
  const top = Math.min(...circles.map((circle) => circle.y - circle.radius))
  const bottom = Math.max(...circles.map((circle) => circle.y + circle.radius))
  const scale = Math.min((width - 2 * margin) / (right - left || 1), (height - 2 * margin) / (bottom - top || 1))
  const shiftX = (width - (right - left) * scale) / 2
  const shiftY = (height - (bottom - top) * scale) / 2
  return circles.map((circle) => ({ x: (circle.x - left) * scale + shiftX, y: (circle.y - top) * scale + shiftY, radius: circle.radius * scale }))
}

/** How many are in both, counting those that are in the third as well. */
export function common(regions: readonly { segments: readonly string[]; count: number }[], wanted: readonly string[]): number {
  return regions.filter((region) => wanted.every((id) => region.segments.includes(id))).reduce((sum, region) => sum + region.count, 0)
}
