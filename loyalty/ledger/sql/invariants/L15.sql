-- L15: Every entry's balance is the one before it plus its change, so each closing figure still reproduces
SELECT account_id, account_sequence, balance_after FROM (
    SELECT account_id, account_sequence, points_change, balance_after,
        lag(balance_after, 1, 0::bigint) OVER (PARTITION BY account_id ORDER BY account_sequence) AS balance_before
    FROM ledger_entry) h
WHERE balance_after <> balance_before + points_change
