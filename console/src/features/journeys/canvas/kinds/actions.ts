/** How actions look; what there is and what each asks for is told by the server. */

const ICONS: Record<string, string> = {
  send_email: 'i-lucide-mail',
  send_sms: 'i-lucide-message-square',
  send_push: 'i-lucide-bell',
  award_points: 'i-lucide-coins',
  trigger_campaign: 'i-lucide-megaphone',
  update_attribute: 'i-lucide-user-pen',
  add_to_segment: 'i-lucide-user-plus',
  remove_from_segment: 'i-lucide-user-minus',
  webhook: 'i-lucide-webhook',
  start_journey: 'i-lucide-workflow',
  issue_reward: 'i-lucide-gift',
  issue_offer: 'i-lucide-tag',
}
/** A kind that a newer server has is drawn as an action in general. */
export const actionIcon = (kind: unknown): string => (typeof kind === 'string' ? ICONS[kind] : undefined) ?? 'i-lucide-zap'

/** The first value of a field that is to be filled in. */
export const MESSAGE_KINDS: readonly string[] = ['send_email', 'send_sms', 'send_push']
