-- C2: What a cap counted of a posting is what was granted, of the whole or of the part it belongs to
SELECT h.transaction_id, h.cap_ref, h.points_counted, coalesce(p.points, w.points_amount, abs(e.points_change), 0) AS points
FROM ledger_cap_count h JOIN ledger_transaction t ON t.id = h.transaction_id
LEFT JOIN ledger_answer w ON w.transaction_id = t.id
LEFT JOIN ledger_entry e ON e.transaction_id = t.id AND e.line = 1
LEFT JOIN (SELECT transaction_id, code, sum(points_granted) AS points FROM ledger_part GROUP BY transaction_id, code) p
    ON p.transaction_id = h.transaction_id AND p.code = h.part
WHERE t.kind IN ('earn', 'transfer') AND t.reason_code <> 'merge'
    AND h.points_counted <> coalesce(p.points, w.points_amount, abs(e.points_change), 0)
