-- L9: No lot is consumed by a transaction after its expiry, but by an expiry or a reversal
SELECT a.transaction_id, a.lot_id FROM ledger_allocation a
JOIN ledger_lot l ON l.id = a.lot_id JOIN ledger_transaction t ON t.id = a.transaction_id
WHERE t.recorded_at >= l.spendable_until AND t.kind NOT IN ('expire', 'reverse')
