-- L24: Points that changed their account kept their dates, their program and their wallet
SELECT l.id AS lot_id, l.source_lot_id FROM ledger_lot_apart l LEFT JOIN ledger_lot s ON s.id = l.source_lot_id
LEFT JOIN ledger_account a ON a.id = l.account_id LEFT JOIN ledger_account f ON f.id = s.account_id
WHERE l.source_lot_id IS NOT NULL AND (s.id IS NULL OR l.earned_at <> s.earned_at
    OR l.expires_at IS DISTINCT FROM s.expires_at OR l.spendable_until IS DISTINCT FROM s.spendable_until
    OR a.id = f.id OR a.program_ref <> f.program_ref OR a.wallet <> f.wallet)
