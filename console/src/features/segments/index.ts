/** Front door of segments: what other features may use. */
export { listSegments, type Segment } from './segments.api'
