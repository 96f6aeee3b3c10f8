/** Front door of campaigns: its module, and the words for why someone was not written to. */
export { default } from './campaigns.module'
export { listCampaigns, type Campaign } from './campaigns.api'
export { useReasonWords } from './results/useReasonWords'
