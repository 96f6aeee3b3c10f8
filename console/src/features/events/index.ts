/** Front door of events. */
export { default } from './events.module'
