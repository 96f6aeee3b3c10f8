-- I1: One idempotency key is one transaction
SELECT idempotency_scope, idempotency_key, count(*) AS transactions FROM ledger_transaction
GROUP BY idempotency_scope, idempotency_key HAVING count(*) > 1
