/** Front door of programs: the names of programs for those who choose one. */
export { default } from './programs.module'
export { listPrograms, type Program } from './programs.api'
