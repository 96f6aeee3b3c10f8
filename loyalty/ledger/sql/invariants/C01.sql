-- C1: A cap's usage is the sum of what it counted, and never above the cap
SELECT u.account_id, u.cap_ref, u.window_start, u.points_used, u.points_max, coalesce(h.points, 0) AS counted
FROM ledger_cap_usage u
FULL JOIN (SELECT account_id, cap_ref, window_start, sum(points_counted) AS points FROM ledger_cap_hit
           GROUP BY account_id, cap_ref, window_start) h USING (account_id, cap_ref, window_start)
WHERE u.points_used IS NULL OR u.points_used > u.points_max OR u.points_used <> coalesce(h.points, 0)
