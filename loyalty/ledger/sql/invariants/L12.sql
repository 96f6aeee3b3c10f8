-- L12: The entries of an account are numbered from 1 without gap or repeat, up to the balance's last number
SELECT b.account_id, b.last_sequence, coalesce(e.number, 0) AS entries, coalesce(e.highest, 0) AS highest
FROM ledger_balance b
FULL JOIN (SELECT account_id, count(*) AS number, count(DISTINCT account_sequence) AS numbers, max(account_sequence) AS highest
           FROM ledger_entry GROUP BY account_id) e USING (account_id)
WHERE b.account_id IS NULL OR b.last_sequence <> coalesce(e.highest, 0)
    OR e.number <> e.highest OR e.numbers <> e.number
