-- I3: No key is stuck: every transaction has its fingerprint and belongs to the program of its account
SELECT t.id AS transaction_id FROM ledger_transaction t LEFT JOIN ledger_account a ON a.id = t.account_id
WHERE octet_length(t.request_hash) <> 32 OR a.id IS NULL OR a.program_ref <> t.program_ref
