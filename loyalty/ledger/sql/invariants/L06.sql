-- L6: No balance, hold, counter or lot is out of its bounds
SELECT 'balance' AS found_in, account_id AS id FROM ledger_balance
WHERE points_posted + points_debt < points_held OR points_held < 0 OR points_debt < 0 OR points_pending < 0
    OR lifetime_points_earned < 0 OR lifetime_points_redeemed < 0
    OR status = 'CLOSED' AND (points_posted <> 0 OR points_pending > 0 OR points_held > 0)
UNION ALL
SELECT 'lot', lot_id FROM ledger_lot_open
WHERE points_remaining <= 0 OR points_remaining > points_original OR points_held < 0 OR points_held > points_remaining
UNION ALL
SELECT 'lot', id FROM ledger_lot WHERE points_original <= 0 OR spendable_until < expires_at
UNION ALL
SELECT 'pending', transaction_id FROM ledger_pending WHERE points_amount < 0 OR points_amount > points_original
