-- L18: Lifetime figures are what was earned and redeemed less what of it was reversed
SELECT b.account_id, b.lifetime_points_earned, b.lifetime_points_redeemed,
    coalesce(s.earned, 0) AS earned, coalesce(s.redeemed, 0) AS redeemed
FROM ledger_balance b
LEFT JOIN (
    SELECT e.account_id, sum(e.points_change) FILTER (WHERE coalesce(r.kind, t.kind) = 'earn') AS earned,
        -sum(e.points_change) FILTER (WHERE coalesce(r.kind, t.kind) = 'burn') AS redeemed
    FROM ledger_entry e JOIN ledger_transaction t ON t.id = e.transaction_id
    LEFT JOIN ledger_transaction r ON r.id = t.reverses_id
    WHERE e.account_sequence IS NOT NULL GROUP BY e.account_id) s USING (account_id)
WHERE b.lifetime_points_earned <> coalesce(s.earned, 0) OR b.lifetime_points_redeemed <> coalesce(s.redeemed, 0)
