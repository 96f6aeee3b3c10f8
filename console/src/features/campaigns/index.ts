/** Front door of campaigns: its module, nothing else yet. */
export { default } from './campaigns.module'
