/** Which steps of its life a campaign may take now; pure. */
import type { Campaign, CampaignStatus } from './campaigns.api'

export const ACTS = ['submit', 'send-back', 'activate', 'pause', 'end'] as const
export type Act = (typeof ACTS)[number]
const FROM: Readonly<Record<Act, readonly CampaignStatus[]>> = {
  submit: ['DRAFT'], 'send-back': ['REVIEW'], activate: ['DRAFT', 'REVIEW', 'PAUSED'], pause: ['ACTIVE', 'SCHEDULED'], end: ['ACTIVE', 'PAUSED', 'SCHEDULED'],
}
export const PERMISSIONS: Readonly<Record<Act, string>> = { submit: 'campaigns.change', 'send-back': 'campaigns.activate', activate: 'campaigns.activate', pause: 'campaigns.pause', end: 'campaigns.activate' }
export const canAct = (act: Act, status: CampaignStatus): boolean => FROM[act].includes(status)

/** The same step has another name by where it is taken: a pause is resumed, a review approved, a start ahead scheduled. */
export function nameOfActivation(campaign: Pick<Campaign, 'status' | 'starts_at'>, now: Date): 'resume' | 'approve' | 'schedule' | 'activate' {
  if (campaign.status === 'PAUSED') return 'resume'
  if (campaign.status === 'REVIEW') return 'approve'
  return campaign.starts_at && new Date(campaign.starts_at) > now ? 'schedule' : 'activate'
}
