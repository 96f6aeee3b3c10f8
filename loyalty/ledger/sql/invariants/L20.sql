-- L20: A debt is the sum of its changes
SELECT b.account_id, b.points_debt, coalesce(d.points, 0) AS changes FROM ledger_balance b
FULL JOIN (SELECT account_id, sum(points_change) AS points FROM ledger_debt_change GROUP BY account_id) d USING (account_id)
WHERE b.account_id IS NULL OR b.points_debt <> coalesce(d.points, 0)
