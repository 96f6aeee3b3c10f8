/** Front door of administration. */
export { default } from './admin.module'
