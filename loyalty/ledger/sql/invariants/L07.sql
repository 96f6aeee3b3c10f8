-- L7: What is left of a lot is what it had less all allocations
SELECT l.id AS lot_id, l.points_original, coalesce(o.points_remaining, 0) AS points_remaining,
    coalesce(a.points, 0) AS allocated
FROM ledger_lot l
LEFT JOIN ledger_lot_open o ON o.lot_id = l.id
LEFT JOIN (SELECT lot_id, sum(points_consumed) AS points FROM ledger_allocation GROUP BY lot_id) a ON a.lot_id = l.id
WHERE l.points_original - coalesce(o.points_remaining, 0) <> coalesce(a.points, 0)
