-- E2: An event tells the points and the balance that its transaction wrote
SELECT t.public_id AS transaction, o.type, o.data ->> 'points_amount' AS told, abs(e.points_change) AS moved
FROM ledger_transaction t
JOIN events_outbox o ON o.subject_kind = 'transaction' AND o.subject_ref = t.public_id::text
JOIN ledger_account a ON a.id = t.account_id
LEFT JOIN ledger_entry e ON e.transaction_id = t.id AND e.line = 1
WHERE (o.data ->> 'points_amount')::bigint <> coalesce(abs(e.points_change), 0)
    OR (o.data ->> 'points_balance')::bigint <> coalesce(e.balance_after, (o.data ->> 'points_balance')::bigint)
    OR o.key <> a.owner_ref::text OR o.event_id <> t.public_id
