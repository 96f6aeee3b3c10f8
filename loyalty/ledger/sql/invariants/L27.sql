-- L27: A merged account is closed and empty, and stands for nothing any more
SELECT a.id AS account_id, a.merged_into_id, b.status FROM ledger_account a
LEFT JOIN ledger_balance b ON b.account_id = a.id LEFT JOIN ledger_account m ON m.id = a.merged_into_id
WHERE a.merged_into_id IS NOT NULL AND (m.id IS NULL OR m.program_ref <> a.program_ref OR m.wallet <> a.wallet
    OR b.status <> 'CLOSED' OR b.points_posted <> 0 OR b.points_debt <> 0 OR b.points_held <> 0 OR b.points_pending <> 0
    OR EXISTS (SELECT 1 FROM ledger_lot_open o WHERE o.account_id = a.id)
    OR EXISTS (SELECT 1 FROM ledger_pending p WHERE p.account_id = a.id AND p.state = 'PENDING'))
