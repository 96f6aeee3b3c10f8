/** What may be done with an account, and what each act needs; pure. */
export type Move = 'earn' | 'give' | 'burn'
export type StatusChange = 'freeze' | 'unfreeze' | 'close' | 'merge'
export type AccountAct = Move | StatusChange | 'adjust' | 'transfer' | 'hold'

export interface ActEntry { act: AccountAct; permission: string; icon: string; isDanger?: boolean }

const MOVES: readonly string[] = ['earn', 'give', 'burn']
const CHANGES: readonly string[] = ['freeze', 'unfreeze', 'close', 'merge']
export const isMove = (act: AccountAct): act is Move => MOVES.includes(act)
export const isStatusChange = (act: AccountAct): act is StatusChange => CHANGES.includes(act)

/** In groups, as the menu shows them; what the account's state rules out is left out. */
export function actsOf(account: { status: string; points_available: number; points_balance: number }): ActEntry[][] {
  const isActive = account.status === 'ACTIVE'
  const isOpen = account.status !== 'CLOSED'
  const hasPoints = account.points_available > 0
  const moving: ActEntry[] = [
    ...(isOpen ? [{ act: 'adjust', permission: 'points.adjust', icon: 'i-lucide-scale' } as const] : []),
    ...(isActive && hasPoints ? [{ act: 'transfer', permission: 'points.transfer', icon: 'i-lucide-arrow-left-right' } as const, { act: 'hold', permission: 'points.hold', icon: 'i-lucide-lock' } as const] : []),
  ]
  const states: ActEntry[] = [
    ...(isActive ? [{ act: 'freeze', permission: 'ledger.freeze', icon: 'i-lucide-snowflake' } as const] : []),
    ...(account.status === 'FROZEN' ? [{ act: 'unfreeze', permission: 'ledger.freeze', icon: 'i-lucide-sun' } as const] : []),
    ...(isOpen ? [{ act: 'merge', permission: 'ledger.merge', icon: 'i-lucide-merge', isDanger: true } as const] : []),
    ...(isOpen && account.points_balance === 0 ? [{ act: 'close', permission: 'ledger.close', icon: 'i-lucide-archive', isDanger: true } as const] : []),
  ]
  return [moving, states].filter((group) => group.length > 0)
}
