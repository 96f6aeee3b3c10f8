-- L18: Lifetime figures are what was earned and redeemed less what of it was reversed, with those of accounts merged in
WITH RECURSIVE standing AS (
    SELECT a.id, a.id AS root FROM ledger_account a WHERE a.merged_into_id IS NULL AND a.issuance_id IS NOT NULL
    UNION ALL
    SELECT a.id, s.root FROM standing s JOIN ledger_account a ON a.merged_into_id = s.id),
own AS (
    SELECT e.account_id, sum(e.points_change) FILTER (WHERE coalesce(r.kind, t.kind) = 'earn') AS earned,
        -sum(e.points_change) FILTER (WHERE coalesce(r.kind, t.kind) = 'burn') AS redeemed
    FROM ledger_entry e JOIN ledger_transaction t ON t.id = e.transaction_id
    LEFT JOIN ledger_transaction r ON r.id = t.reverses_id
    GROUP BY e.account_id),
moved AS (
    SELECT s.root AS account_id, sum(o.earned) AS earned, sum(o.redeemed) AS redeemed
    FROM standing s JOIN own o ON o.account_id = s.id GROUP BY s.root)
SELECT b.account_id, b.lifetime_points_earned, b.lifetime_points_redeemed,
    coalesce(m.earned, 0) AS earned, coalesce(m.redeemed, 0) AS redeemed
FROM ledger_balance b LEFT JOIN moved m USING (account_id)
WHERE b.lifetime_points_earned <> coalesce(m.earned, 0) OR b.lifetime_points_redeemed <> coalesce(m.redeemed, 0)
