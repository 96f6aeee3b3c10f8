-- R2: Every lot, allocation and reversal names what exists, in the accounts of its transaction
WITH touched AS (
    SELECT t.id AS transaction_id, t.account_id FROM ledger_transaction t
    UNION
    SELECT e.transaction_id, e.account_id FROM ledger_entry e WHERE e.account_sequence IS NOT NULL
    UNION
    -- A merge of an account whose posted balance is zero has no entries.
    SELECT t.id, a.merged_into_id FROM ledger_transaction t JOIN ledger_account a ON a.id = t.account_id
    WHERE t.reason_code = 'merge')
SELECT 'lot' AS found_in, l.id FROM ledger_lot l
LEFT JOIN touched t ON t.transaction_id = l.transaction_id AND t.account_id = l.account_id WHERE t.transaction_id IS NULL
UNION ALL
SELECT 'allocation', a.transaction_id FROM ledger_allocation a LEFT JOIN ledger_lot l ON l.id = a.lot_id
LEFT JOIN touched t ON t.transaction_id = a.transaction_id AND t.account_id = l.account_id WHERE t.transaction_id IS NULL
UNION ALL
SELECT 'reversal', r.id FROM ledger_transaction r LEFT JOIN ledger_transaction t ON t.id = r.reverses_id
WHERE (r.kind = 'reverse') <> (r.reverses_id IS NOT NULL)
    OR r.reverses_id IS NOT NULL AND (t.id IS NULL OR t.kind = 'reverse' OR t.program_ref <> r.program_ref
        OR ledger_standing_account(t.account_id) <> ledger_standing_account(r.account_id))
