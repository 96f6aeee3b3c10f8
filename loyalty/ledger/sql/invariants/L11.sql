-- L11: The reversals of a transaction together never exceed it, and none of a pending earn was lost
WITH back AS (
    SELECT r.reverses_id, t.kind, t.is_pending, coalesce(w.points_amount, abs(f.points_change)) AS points
    FROM ledger_transaction r JOIN ledger_transaction t ON t.id = r.reverses_id
    LEFT JOIN ledger_answer w ON w.transaction_id = r.id
    LEFT JOIN ledger_entry f ON f.transaction_id = r.id AND f.line = CASE t.kind WHEN 'transfer' THEN 2 ELSE 1 END)
SELECT b.reverses_id AS transaction_id, max(coalesce(p.points_original, abs(e.points_change))) AS points,
    sum(b.points) AS points_reversed
FROM back b
LEFT JOIN ledger_pending p ON p.transaction_id = b.reverses_id
LEFT JOIN ledger_entry e ON e.transaction_id = b.reverses_id AND e.line = CASE b.kind WHEN 'transfer' THEN 2 ELSE 1 END
GROUP BY b.reverses_id
HAVING sum(b.points) > coalesce(max(coalesce(p.points_original, abs(e.points_change))), 0)
    OR bool_or(b.is_pending) AND max(p.points_original - p.points_amount) <> sum(b.points)
