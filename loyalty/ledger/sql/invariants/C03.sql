-- C3: A reversal frees no more room than was used, and all of it when all was reversed
WITH freed AS (
    SELECT coalesce(f.confirms_id, f.id) AS first_id, h.cap_ref, h.window_start, sum(h.units_counted) AS units
    FROM ledger_transaction r JOIN ledger_transaction f ON f.id = r.reverses_id
    JOIN ledger_cap_count h ON h.transaction_id = r.id GROUP BY 1, 2, 3),
back AS (
    SELECT coalesce(f.confirms_id, f.id) AS first_id, sum(coalesce(w.points_amount, abs(e.points_change))) AS points
    FROM ledger_transaction r JOIN ledger_transaction f ON f.id = r.reverses_id
    LEFT JOIN ledger_answer w ON w.transaction_id = r.id
    LEFT JOIN ledger_entry e ON e.transaction_id = r.id AND e.line = CASE f.kind WHEN 'transfer' THEN 2 ELSE 1 END
    GROUP BY 1)
SELECT h.transaction_id, h.cap_ref, h.window_start, h.units_counted, f.units AS units_freed
FROM ledger_cap_count h
JOIN ledger_transaction t ON t.id = h.transaction_id AND t.kind IN ('earn', 'transfer') AND t.reason_code <> 'merge'
LEFT JOIN freed f ON f.first_id = h.transaction_id AND f.cap_ref = h.cap_ref AND f.window_start = h.window_start
LEFT JOIN back b ON b.first_id = h.transaction_id
WHERE -coalesce(f.units, 0) > h.units_counted
    OR b.points = (ledger_receipt_of(h.transaction_id, false)).points_amount AND -coalesce(f.units, 0) <> h.units_counted
