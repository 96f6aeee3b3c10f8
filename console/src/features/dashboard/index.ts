/** Front door of the dashboard: nothing for others, only its module. */
export { default } from './dashboard.module'
