/** Front door of features. */
export { default } from './features.module'
