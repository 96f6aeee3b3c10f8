-- R1: Every entry names two accounts; the numbered side is a member's or a pool's, and the other is neither
SELECT e.transaction_id, e.line FROM ledger_entry e
LEFT JOIN ledger_account a ON a.id = e.account_id LEFT JOIN ledger_account c ON c.id = e.counter_id
WHERE a.id IS NULL OR c.id IS NULL OR a.kind NOT IN ('member', 'pool') OR c.kind IN ('member', 'pool')
