-- L2: The trial balance of every program is zero: what its accounts hold and what its counter-accounts stand at
SELECT program_ref, sum(points) AS points FROM (
    SELECT a.program_ref, sum(b.points_posted) AS points
    FROM ledger_balance b JOIN ledger_account a ON a.id = b.account_id GROUP BY a.program_ref
    UNION ALL
    SELECT a.program_ref, -sum(e.points) FROM (
        SELECT counter_id, sum(points_change) AS points FROM ledger_entry GROUP BY counter_id) e
    LEFT JOIN ledger_account a ON a.id = e.counter_id GROUP BY a.program_ref) t
GROUP BY program_ref HAVING sum(points) <> 0
