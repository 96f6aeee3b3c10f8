-- L13: What an account had in lots was never below zero at any point of its history: it was below zero by its debt only
SELECT account_id, account_sequence, points FROM (
    SELECT e.account_id, e.account_sequence,
        sum(e.points_change + coalesce(d.points_change, 0)) OVER (PARTITION BY e.account_id ORDER BY e.account_sequence) AS points
    FROM ledger_entry e
    LEFT JOIN ledger_debt_change d ON d.transaction_id = e.transaction_id AND d.account_id = e.account_id) h
WHERE points < 0
