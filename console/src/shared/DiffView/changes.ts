/** What a difference consists of, in words already. */

export interface Change {
  key: string
  name: string
  /** A sentence that says the change whole. */
  words?: string
  /** Null: it was not there. */
  before: string | null
  /** Null: it is not there any more. */
  after: string | null
}

export interface ChangeGroup {
  key: string
  title: string
  icon?: string
  changes: Change[]
}
