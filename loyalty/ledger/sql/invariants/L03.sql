-- L3: Every transaction has its two entries (none when caps took all of it), and every entry a transaction
SELECT coalesce(t.id, e.transaction_id) AS transaction_id, count(e.line) AS entries
FROM ledger_transaction t FULL JOIN ledger_entry e ON e.transaction_id = t.id
GROUP BY t.id, e.transaction_id
HAVING t.id IS NULL OR (count(e.line) < 2 AND NOT (count(e.line) = 0 AND EXISTS (
    SELECT 1 FROM ledger_cap_hit h WHERE h.transaction_id = t.id AND h.points_counted = 0)))
