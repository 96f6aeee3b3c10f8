/** Front door of journeys: nothing is borrowed from them yet but the module. */
export { default } from './journeys.module'
