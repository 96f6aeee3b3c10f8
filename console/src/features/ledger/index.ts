/** Front door of the ledger: nobody borrows from it. */
export { default } from './ledger.module'
