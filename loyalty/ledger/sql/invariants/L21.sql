-- L21: What is held of a lot is what active holds reserve of it, and a hold reserves exactly its points
SELECT 'lot' AS found_in, coalesce(o.lot_id, r.lot_id) AS id, o.points_held AS points, r.points AS reserved
FROM (SELECT lot_id, points_held FROM ledger_lot_open WHERE points_held > 0) o
FULL JOIN (SELECT n.lot_id, sum(n.points_amount) AS points FROM ledger_hold_lot n JOIN ledger_hold h ON h.id = n.hold_id
           WHERE h.state = 'ACTIVE' GROUP BY n.lot_id) r ON r.lot_id = o.lot_id
WHERE o.points_held IS DISTINCT FROM r.points
UNION ALL
SELECT 'hold', h.id, h.points_amount, sum(n.points_amount) FROM ledger_hold h LEFT JOIN ledger_hold_lot n ON n.hold_id = h.id
GROUP BY h.id HAVING h.points_amount <> coalesce(sum(n.points_amount), 0)
UNION ALL
SELECT 'account', h.id, h.account_id, l.account_id FROM ledger_hold h JOIN ledger_hold_lot n ON n.hold_id = h.id
LEFT JOIN ledger_lot l ON l.id = n.lot_id WHERE h.state = 'ACTIVE' AND l.account_id IS DISTINCT FROM h.account_id
