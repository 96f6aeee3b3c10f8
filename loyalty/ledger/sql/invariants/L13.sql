-- L13: No account was below zero at any point of its history
SELECT account_id, account_sequence, points FROM (
    SELECT account_id, account_sequence, sum(points_change) OVER (PARTITION BY account_id ORDER BY account_sequence) AS points
    FROM ledger_entry WHERE account_sequence IS NOT NULL) h
WHERE points < 0
