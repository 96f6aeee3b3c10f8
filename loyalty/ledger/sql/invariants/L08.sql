-- L8: In every transaction and account the entries equal lots created less lots consumed less the debt that grew
WITH entries AS (
    SELECT transaction_id, account_id, sum(points_change) AS points FROM ledger_entry
    GROUP BY transaction_id, account_id),
created AS (
    SELECT transaction_id, account_id, sum(points_original) AS points FROM ledger_lot GROUP BY transaction_id, account_id),
consumed AS (
    SELECT a.transaction_id, l.account_id, sum(a.points_consumed) AS points
    FROM ledger_allocation a JOIN ledger_lot l ON l.id = a.lot_id GROUP BY a.transaction_id, l.account_id)
SELECT transaction_id, account_id, e.points AS entries, n.points AS created, c.points AS consumed, d.points_change AS debt
FROM entries e FULL JOIN created n USING (transaction_id, account_id) FULL JOIN consumed c USING (transaction_id, account_id)
FULL JOIN ledger_debt_change d USING (transaction_id, account_id)
WHERE coalesce(e.points, 0) <> coalesce(n.points, 0) - coalesce(c.points, 0) - coalesce(d.points_change, 0)
