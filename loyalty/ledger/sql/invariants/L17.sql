-- L17: The record of an account runs forward in time, so that a balance of any instant is one row
SELECT account_id, account_sequence FROM (
    SELECT account_id, account_sequence, recorded_at,
        lag(recorded_at) OVER (PARTITION BY account_id ORDER BY account_sequence) AS before
    FROM ledger_entry) h
WHERE recorded_at < before
