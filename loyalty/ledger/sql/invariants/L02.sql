-- L2: The trial balance is zero
SELECT sum(points_change) AS points FROM ledger_entry HAVING sum(points_change) <> 0
