-- C1: A cap's usage is the sum of what it counted, and never above the cap
SELECT u.account_id, u.cap_ref, u.window_start, u.units_used, u.units_max, coalesce(h.units, 0) AS counted
FROM ledger_cap_usage u
FULL JOIN (SELECT account_id, cap_ref, window_start, sum(units_counted) AS units FROM ledger_cap_count
           GROUP BY account_id, cap_ref, window_start) h USING (account_id, cap_ref, window_start)
WHERE u.units_used IS NULL OR u.units_used > u.units_max OR u.units_used <> coalesce(h.units, 0)
