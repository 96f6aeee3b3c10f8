-- R1: Every entry names an account; a member's entry is numbered and a counter-account's is not
SELECT e.transaction_id, e.line FROM ledger_entry e LEFT JOIN ledger_account a ON a.id = e.account_id
WHERE a.id IS NULL OR (a.kind IN ('member', 'pool')) <> (e.account_sequence IS NOT NULL)
    OR (e.account_sequence IS NULL) <> (e.balance_after IS NULL)
