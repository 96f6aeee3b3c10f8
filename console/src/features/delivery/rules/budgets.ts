/** What is spent of a budget, as a part of it; pure. */
import type { Budget } from '../budgets.api'

export type Pressure = 'calm' | 'near' | 'over'
/** From here on somebody should look. */
const NEAR = 0.8

/** Between 0 and 1; by what is left, so that another month's spending does not count. */
export function usedOf(budget: Pick<Budget, 'amount' | 'left'>): number {
  const amount = Number(budget.amount)
  return amount > 0 ? Math.min(1, Math.max(0, 1 - Number(budget.left) / amount)) : 0
}

export function pressureOf(budget: Pick<Budget, 'amount' | 'left'>): Pressure {
  const used = usedOf(budget)
  return used >= 1 ? 'over' : used >= NEAR ? 'near' : 'calm'
}

/** An amount as the server takes it: digits with at most two decimals, above zero; null when it is none. */
export function amountOf(text: string): string | null {
  const plain = text.trim().replace(',', '.')
  return /^\d{1,12}(\.\d{1,2})?$/.test(plain) && Number(plain) > 0 ? plain : null
}
