-- L26: Entries are frozen after their day was closed: every closing figure still reproduces
WITH moved AS (
    SELECT a.program_ref, CASE WHEN a.issuance_id IS NULL THEN a.id ELSE 0 END AS account_id,
        (e.recorded_at AT TIME ZONE 'UTC')::date AS day, sum(e.points_change) AS points, count(*) AS entries
    FROM ledger_leg e JOIN ledger_account a ON a.id = e.account_id
    WHERE e.recorded_at < ((SELECT max(day) FROM ledger_day_close) + 1)::timestamp AT TIME ZONE 'UTC'
    GROUP BY 1, 2, 3)
SELECT program_ref, account_id, day, c.points_closing, c.points_change, m.points FROM (
    SELECT *, sum(points_change) OVER (PARTITION BY program_ref, account_id ORDER BY day) AS total FROM ledger_day_close) c
FULL JOIN moved m USING (program_ref, account_id, day)
WHERE c.points_change IS DISTINCT FROM m.points::bigint OR c.entries IS DISTINCT FROM m.entries OR c.points_closing <> c.total
