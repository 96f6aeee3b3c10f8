/** What every panel is given, and what it gives back. */
import type { Field } from '@/shared/FieldPicker/fields'
import type { StepWords } from '../../composables/useStepWords'
import type { Problem } from '../../journeys.api'
import type { Config, Graph, JourneyNode } from '../graph'

export interface PanelProps {
  node: JourneyNode
  graph: Graph
  words: StepWords
  /** What a rule may read here: features, the event that led in, the context. */
  fields: readonly Field[]
  problems: readonly Problem[]
  isReadOnly?: boolean
}
/** `burst` joins the letters of one field into one step of undo. */
export interface PanelEmits { config: [config: Config, burst?: string]; graph: [graph: Graph] }

/** The first problem of a field or of a part of it. */
export const problemOf = (problems: readonly Problem[], field: string): string | undefined =>
  problems.find((one) => one.field && (one.field === field || one.field === `config.${field}` || one.field.startsWith(`${field}.`) || one.field.startsWith(`config.${field}.`)))?.message
