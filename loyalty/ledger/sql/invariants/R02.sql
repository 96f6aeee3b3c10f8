-- R2: Every lot, allocation and reversal names what exists, in the accounts of its transaction
WITH stray AS (
    SELECT 'lot' AS found_in, l.id, l.transaction_id, l.account_id FROM ledger_lot l
    LEFT JOIN ledger_transaction t ON t.id = l.transaction_id WHERE l.account_id IS DISTINCT FROM t.account_id
    UNION ALL
    SELECT 'allocation', a.transaction_id, a.transaction_id, l.account_id FROM ledger_allocation a
    LEFT JOIN ledger_lot l ON l.id = a.lot_id LEFT JOIN ledger_transaction t ON t.id = a.transaction_id
    WHERE l.id IS NULL OR l.account_id IS DISTINCT FROM t.account_id)
SELECT s.found_in, s.id FROM stray s
WHERE NOT EXISTS (SELECT 1 FROM ledger_entry e JOIN ledger_transaction t ON t.id = e.transaction_id
                  WHERE e.transaction_id = s.transaction_id AND e.account_id = s.account_id)
    -- A merge of an account whose posted balance is zero has no entries.
    AND NOT EXISTS (SELECT 1 FROM ledger_transaction t JOIN ledger_account a ON a.id = t.account_id
                    WHERE t.id = s.transaction_id AND t.reason_code = 'merge' AND a.merged_into_id = s.account_id)
UNION ALL
SELECT 'reversal', r.id FROM ledger_transaction r LEFT JOIN ledger_transaction t ON t.id = r.reverses_id
WHERE (r.kind = 'reverse') <> (r.reverses_id IS NOT NULL)
    OR r.reverses_id IS NOT NULL AND (t.id IS NULL OR t.kind = 'reverse' OR t.program_ref <> r.program_ref
        OR ledger_standing_account(t.account_id) <> ledger_standing_account(r.account_id))
