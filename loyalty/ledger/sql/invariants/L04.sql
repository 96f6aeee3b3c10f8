-- L4: A balance is the sum of its account's entries
SELECT b.account_id, b.points_posted, coalesce(e.points, 0) AS entries
FROM ledger_balance b
FULL JOIN (SELECT account_id, sum(points_change) AS points FROM ledger_entry GROUP BY account_id) e USING (account_id)
WHERE b.account_id IS NULL OR b.points_posted <> coalesce(e.points, 0)
