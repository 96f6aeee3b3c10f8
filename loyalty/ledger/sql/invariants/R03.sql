-- R3: Every account of a member or pool has its balance row and every balance row its account
SELECT coalesce(a.id, b.account_id) AS account_id FROM ledger_account a FULL JOIN ledger_balance b ON b.account_id = a.id
WHERE (a.id IS NULL OR a.kind IN ('member', 'pool')) AND (a.id IS NULL OR b.account_id IS NULL)
    OR a.kind NOT IN ('member', 'pool') AND b.account_id IS NOT NULL
