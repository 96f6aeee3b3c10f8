-- I2: Every key's answer can be rebuilt: one entry of its own account, or an answer kept beside
SELECT t.id AS transaction_id, count(e.line) AS entries FROM ledger_transaction t
LEFT JOIN ledger_entry e ON e.transaction_id = t.id AND e.account_id = t.account_id
GROUP BY t.id
HAVING count(e.line) <> 1 AND NOT (count(e.line) = 0 AND EXISTS (
    SELECT 1 FROM ledger_answer w WHERE w.transaction_id = t.id))
