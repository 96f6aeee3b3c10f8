/** Reckoning for the map in the corner: what lies where, in the coordinates of the graph. */
import type { Box, JourneyNode, Point } from './graph'

export type { Box } from './graph'
/** Where the canvas stands: its offset and zoom, and its size on the screen in pixels. */
export interface View { x: number; y: number; zoom: number; width: number; height: number }
type Size = Readonly<{ width: number; height: number }>

/** Air around the outermost steps, as a share of what there is. */
const AIR = 0.06

/** One path for many steps, each a rectangle. */
export const pathOf = (nodes: readonly JourneyNode[], card: Size): string => nodes.map(({ position: { x, y } }) => `M${x},${y}h${card.width}v${card.height}h${-card.width}z`).join('')

export const boundsOf = (nodes: readonly JourneyNode[], card: Size): Box | null => boundsOfBoxes(nodes.map(({ position }) => ({ ...position, ...card })))

export function boundsOfBoxes(boxes: readonly Box[]): Box | null {
  if (boxes.length === 0) return null
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity]
  for (const box of boxes) {
    left = Math.min(left, box.x)
    top = Math.min(top, box.y)
    right = Math.max(right, box.x + box.width)
    bottom = Math.max(bottom, box.y + box.height)
  }
  const air = AIR * Math.max(right - left, bottom - top)
  return { x: left - air, y: top - air, width: right - left + 2 * air, height: bottom - top + 2 * air }
}

/** What of the graph is in sight. */
export const windowOf = ({ x, y, zoom, width, height }: View): Box => ({ x: -x / zoom, y: -y / zoom, width: width / zoom, height: height / zoom })

/** The smallest box around both. */
export function joined(one: Box | null, other: Box): Box {
  if (one === null) return other
  const x = Math.min(one.x, other.x)
  const y = Math.min(one.y, other.y)
  return { x, y, width: Math.max(one.x + one.width, other.x + other.width) - x, height: Math.max(one.y + one.height, other.y + other.height) - y }
}

/** Where the canvas has to stand so that a point is in its middle. */
export const centredOn = (at: Point, view: View): Point => ({ x: view.width / 2 - at.x * view.zoom, y: view.height / 2 - at.y * view.zoom })
