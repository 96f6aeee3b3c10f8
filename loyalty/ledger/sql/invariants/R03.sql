-- R3: Every member account has its balance row and every balance row its member account
SELECT coalesce(a.id, b.account_id) AS account_id FROM ledger_account a FULL JOIN ledger_balance b ON b.account_id = a.id
WHERE (a.id IS NULL OR a.kind IN ('member', 'partner')) AND (a.id IS NULL OR b.account_id IS NULL)
    OR a.kind NOT IN ('member', 'partner') AND b.account_id IS NOT NULL
