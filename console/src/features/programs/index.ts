/** Front door of programs: their names for those who choose one, and why points came about. */
export { default } from './programs.module'
export { default as DecisionTrace } from './simulator/DecisionTrace.vue'
export { getProgram, listPrograms, type Program } from './programs.api'
