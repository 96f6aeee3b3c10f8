-- L9: No lot is consumed by a transaction after its time, but by an expiry, a reversal, a merge, the hold that reserved it, or the debt it came into
SELECT a.transaction_id, a.lot_id FROM ledger_allocation a
JOIN ledger_lot l ON l.id = a.lot_id JOIN ledger_transaction t ON t.id = a.transaction_id
WHERE t.recorded_at >= l.spendable_until AND t.kind NOT IN ('expire', 'reverse') AND t.reason_code <> 'merge'
    AND t.hold_id IS NULL AND l.transaction_id <> a.transaction_id
