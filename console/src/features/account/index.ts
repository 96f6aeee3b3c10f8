/** Front door of account. */
export { default } from './account.module'
