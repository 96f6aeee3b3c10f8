-- I4: The key of a hold is one hold, and that of a release one release
SELECT idempotency_scope AS scope, idempotency_key AS key, count(*) AS holds FROM ledger_hold
GROUP BY idempotency_scope, idempotency_key HAVING count(*) > 1
UNION ALL
SELECT ended_scope, ended_key, count(*) FROM ledger_hold WHERE ended_key IS NOT NULL
GROUP BY ended_scope, ended_key HAVING count(*) > 1
UNION ALL
SELECT idempotency_scope, idempotency_key, 1 FROM ledger_hold
WHERE octet_length(request_hash) <> 32 OR (ended_key IS NOT NULL) <> (state = 'RELEASED')
