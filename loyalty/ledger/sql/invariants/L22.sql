-- L22: A hold ends once: captured by one burn of the points it tells, or without any
SELECT h.id AS hold_id, h.state, h.points_captured, count(t.id) AS burns, sum(abs(e.points_change)) AS points
FROM ledger_hold h LEFT JOIN ledger_transaction t ON t.hold_id = h.id
LEFT JOIN ledger_entry e ON e.transaction_id = t.id AND e.line = 1
GROUP BY h.id
HAVING count(t.id) <> (h.state = 'CAPTURED')::integer OR h.points_captured <> coalesce(sum(abs(e.points_change)), 0)
    OR h.points_captured > h.points_amount OR (h.state = 'ACTIVE') <> (h.ended_at IS NULL)
