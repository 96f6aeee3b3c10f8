/** What the console knows about a kind of step: how it looks and how a new one begins. */
import type { Config, NodeKind } from '../graph'

export interface StepKind {
  kind: NodeKind
  icon: string
  /** Colour of the bar on the card and of the dot on the map. */
  color: string
  /** Classes of the icon's tile, readable on both backgrounds. */
  tone: string
  bar: string
  blank: () => Config
}
