/** Front door of approvals. */
export { default } from './approvals.module'
