-- L19: An open lot tells the same account, dates and size as the lot it is left of
SELECT o.lot_id FROM ledger_lot_open o LEFT JOIN ledger_lot l ON l.id = o.lot_id
WHERE l.id IS NULL OR o.account_id <> l.account_id OR o.earned_at <> l.earned_at
    OR o.spendable_until <> coalesce(l.spendable_until, 'infinity')
    OR o.expires_at IS DISTINCT FROM l.expires_at OR o.points_original <> l.points_original
