-- I2: Every key's answer can be rebuilt: one entry of its own account, or an answer kept beside, and the two agree
SELECT t.id AS transaction_id, count(e.line) AS entries FROM ledger_transaction t
LEFT JOIN ledger_entry e ON e.transaction_id = t.id AND e.account_id = t.account_id
LEFT JOIN ledger_answer w ON w.transaction_id = t.id
GROUP BY t.id
HAVING count(e.line) <> 1 AND NOT (count(e.line) = 0 AND count(w.transaction_id) = 1)
    OR max(e.balance_after) <> max(w.points_balance)
