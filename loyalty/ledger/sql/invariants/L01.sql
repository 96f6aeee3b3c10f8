-- L1: Every transaction balances: each entry moves points between an account of a member or pool and a counter-account of its program
SELECT e.transaction_id, e.line, a.kind AS account_kind, c.kind AS counter_kind
FROM ledger_entry e LEFT JOIN ledger_account a ON a.id = e.account_id LEFT JOIN ledger_account c ON c.id = e.counter_id
WHERE e.points_change = 0 OR a.issuance_id IS NULL OR c.issuance_id IS NOT NULL OR c.program_ref IS DISTINCT FROM a.program_ref
