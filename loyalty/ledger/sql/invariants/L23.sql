-- L23: Pending points are the pending earns, each confirmed once for what was left of it, or cancelled for nothing
SELECT 'balance' AS found_in, b.account_id AS id, b.points_pending AS points, coalesce(p.points, 0) AS pending
FROM ledger_balance b
LEFT JOIN (SELECT account_id, sum(points_amount) AS points FROM ledger_pending WHERE state = 'PENDING' GROUP BY account_id) p
    USING (account_id)
WHERE b.points_pending <> coalesce(p.points, 0)
UNION ALL
SELECT 'pending', p.transaction_id, p.points_amount, sum(e.points_change)
FROM ledger_pending p
LEFT JOIN ledger_transaction t ON t.id = p.ended_by
LEFT JOIN ledger_entry e ON e.transaction_id = t.id AND e.line = 1
GROUP BY p.transaction_id
HAVING CASE p.state
    WHEN 'PENDING' THEN p.points_amount = 0
    WHEN 'CANCELLED' THEN p.points_amount <> 0 OR bool_or(t.reverses_id IS DISTINCT FROM p.transaction_id)
    ELSE bool_or(t.confirms_id IS DISTINCT FROM p.transaction_id) OR p.points_amount IS DISTINCT FROM sum(e.points_change) END
UNION ALL
SELECT 'confirmation', c.confirms_id, count(*), NULL FROM ledger_transaction c
LEFT JOIN ledger_pending p ON p.ended_by = c.id AND p.transaction_id = c.confirms_id
WHERE c.confirms_id IS NOT NULL GROUP BY c.confirms_id HAVING count(*) > 1 OR count(p.transaction_id) = 0
