-- C2: What a cap counted of an earn is what was earned
SELECT h.transaction_id, h.cap_ref, h.points_counted, coalesce(e.points_change, 0) AS points FROM ledger_cap_hit h
LEFT JOIN ledger_entry e ON e.transaction_id = h.transaction_id AND e.line = 1
WHERE h.points_counted <> coalesce(e.points_change, 0)
