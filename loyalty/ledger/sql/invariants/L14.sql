-- L14: Held points are the sum of active holds, and no active hold is five minutes past its end
SELECT b.account_id, b.points_held, coalesce(h.points, 0) AS holds
FROM ledger_balance b
LEFT JOIN (SELECT account_id, sum(points_amount) AS points FROM ledger_hold WHERE state = 'ACTIVE' GROUP BY account_id) h
    USING (account_id)
WHERE b.points_held <> coalesce(h.points, 0)
UNION ALL
SELECT account_id, points_amount, points_amount FROM ledger_hold
WHERE state = 'ACTIVE' AND expires_at < %(now)s::timestamptz - interval '5 minutes'
