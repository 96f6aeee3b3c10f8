-- R4: Who acted is told only where it was not the owner, and an adjustment says why
SELECT t.id AS transaction_id FROM ledger_transaction t JOIN ledger_account a ON a.id = t.account_id
LEFT JOIN ledger_transaction r ON r.id = t.reverses_id
WHERE t.customer_ref = a.owner_ref AND r.id IS NULL OR t.kind = 'adjust' AND t.reason_code = ''
