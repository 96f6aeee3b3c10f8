/** Front door of customers: its module, nothing else yet. */
export { default } from './customers.module'
