/** Front door of programs: its module, nothing else yet. */
export { default } from './programs.module'
