-- R2: Every lot, allocation and reversal names what exists, in the same account
SELECT 'lot' AS found_in, l.id FROM ledger_lot l LEFT JOIN ledger_transaction t ON t.id = l.transaction_id
WHERE t.id IS NULL OR t.account_id <> l.account_id
UNION ALL
SELECT 'allocation', a.transaction_id FROM ledger_allocation a
LEFT JOIN ledger_transaction t ON t.id = a.transaction_id LEFT JOIN ledger_lot l ON l.id = a.lot_id
WHERE t.id IS NULL OR l.id IS NULL OR l.account_id <> t.account_id
UNION ALL
SELECT 'reversal', r.id FROM ledger_transaction r LEFT JOIN ledger_transaction t ON t.id = r.reverses_id
WHERE (r.kind = 'reverse') <> (r.reverses_id IS NOT NULL)
    OR r.reverses_id IS NOT NULL AND (t.id IS NULL OR t.account_id <> r.account_id OR t.kind = 'reverse')
