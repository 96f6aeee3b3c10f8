/** Front door of points: an account in short, what moved on it, and the dialogs that move points. */
export { default } from './points.module'
export { default as AccountCard } from './components/AccountCard.vue'
export { default as MovePointsDialog } from './components/MovePointsDialog.vue'
export { default as TransactionsCard } from './components/TransactionsCard.vue'
export { listAccounts, type Account } from './points.api'
