-- L1: Every transaction balances to zero
SELECT transaction_id, sum(points_change) AS points FROM ledger_entry GROUP BY transaction_id HAVING sum(points_change) <> 0
