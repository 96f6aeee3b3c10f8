-- L3: Every transaction has its entry (none when it moved nothing: lost to caps, or about pending points), and every entry a transaction
SELECT coalesce(t.id, e.transaction_id) AS transaction_id, count(e.line) AS entries
FROM ledger_transaction t FULL JOIN ledger_entry e ON e.transaction_id = t.id
GROUP BY t.id, e.transaction_id
HAVING t.id IS NULL OR (count(e.line) = 0 AND NOT EXISTS (
    SELECT 1 FROM ledger_answer w WHERE w.transaction_id = t.id))
