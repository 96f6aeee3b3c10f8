-- L25: A transaction touches one account, a transfer (and its reversal) two of one program and wallet, sender first
SELECT t.id AS transaction_id, t.kind, count(*) AS accounts
FROM ledger_transaction t LEFT JOIN ledger_transaction r ON r.id = t.reverses_id
JOIN ledger_entry e ON e.transaction_id = t.id
JOIN ledger_account a ON a.id = e.account_id
GROUP BY t.id, coalesce(r.kind, t.kind)
HAVING count(*) <> CASE coalesce(r.kind, t.kind) WHEN 'transfer' THEN 2 ELSE 1 END
    OR count(DISTINCT (a.program_ref, a.wallet)) > 1 OR count(DISTINCT a.id) < count(*)
    OR min(e.account_id) FILTER (WHERE e.line = 1) IS DISTINCT FROM t.account_id
