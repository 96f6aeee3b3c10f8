-- L16: What members hold is what was issued less what was redeemed and expired
SELECT c.points AS counter_accounts, m.points AS balances
FROM (SELECT coalesce(-sum(e.points_change), 0) AS points FROM ledger_leg e WHERE e.account_sequence IS NULL) c,
    (SELECT coalesce(sum(points_posted), 0) AS points FROM ledger_balance) m
WHERE c.points <> m.points
