/** The kinds of steps, in the order of the palette. */
import type { NodeKind } from '../graph'
import { action } from './action'
import { condition } from './condition'
import { end } from './end'
import type { StepKind } from './kind'
import { split } from './split'
import { start } from './start'
import { wait } from './wait'

export type { StepKind } from './kind'
export const STEP_KINDS: Record<NodeKind, StepKind> = { start, action, condition, wait, split, end }
