-- I2: Every key's answer can be rebuilt: one entry of its own account, or caps that took all of it
SELECT t.id AS transaction_id, count(e.line) AS entries FROM ledger_transaction t
LEFT JOIN ledger_entry e ON e.transaction_id = t.id AND e.account_id = t.account_id
GROUP BY t.id
HAVING count(e.line) <> 1 AND NOT (count(e.line) = 0 AND EXISTS (
    SELECT 1 FROM ledger_cap_hit h WHERE h.transaction_id = t.id AND h.points_counted = 0))
