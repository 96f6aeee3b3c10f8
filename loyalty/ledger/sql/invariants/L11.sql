-- L11: The reversals of a transaction together never exceed it
SELECT t.id AS transaction_id, abs(e.points_change) AS points, sum(abs(f.points_change)) AS points_reversed
FROM ledger_transaction r
JOIN ledger_transaction t ON t.id = r.reverses_id
JOIN ledger_entry f ON f.transaction_id = r.id AND f.line = 1
LEFT JOIN ledger_entry e ON e.transaction_id = t.id AND e.line = 1
GROUP BY t.id, e.points_change
HAVING sum(abs(f.points_change)) > coalesce(abs(e.points_change), 0)
