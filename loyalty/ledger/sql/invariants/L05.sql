-- L5: A balance is what is left in its account's lots less its debt
SELECT b.account_id, b.points_posted, coalesce(o.points, 0) AS lots
FROM ledger_balance b
FULL JOIN (SELECT account_id, sum(points_remaining) AS points FROM ledger_lot_open GROUP BY account_id) o USING (account_id)
WHERE b.account_id IS NULL OR b.points_posted <> coalesce(o.points, 0) - b.points_debt
