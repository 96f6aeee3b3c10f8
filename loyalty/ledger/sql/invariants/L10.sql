-- L10: No lot keeps free points for more than 36 hours after its time, or after a posting or the end of a hold touched it
SELECT o.lot_id, o.account_id, o.spendable_until, o.points_remaining FROM ledger_lot_open o
WHERE o.spendable_until < %(now)s::timestamptz - interval '36 hours' AND o.points_remaining > o.points_held AND o.lot_id NOT IN (
    SELECT a.lot_id FROM ledger_transaction t JOIN ledger_allocation a ON a.transaction_id = t.id
    WHERE t.recorded_at >= %(now)s::timestamptz - interval '36 hours'
    UNION ALL
    SELECT l.id FROM ledger_transaction t JOIN ledger_lot l ON l.transaction_id = t.id
    WHERE t.recorded_at >= %(now)s::timestamptz - interval '36 hours'
    UNION ALL
    SELECT n.lot_id FROM ledger_hold h JOIN ledger_hold_lot n ON n.hold_id = h.id
    WHERE h.ended_at >= %(now)s::timestamptz - interval '36 hours')
