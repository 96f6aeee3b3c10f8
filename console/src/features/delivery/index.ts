/** Front door of delivery. */
export { default } from './delivery.module'
