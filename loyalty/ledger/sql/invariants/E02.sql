-- E2: An event tells the points, the balance, the number, the owner and the customer of its transaction
SELECT t.public_id AS transaction, o.type, o.data ->> 'points_amount' AS told, coalesce(w.points_amount, abs(e.points_change)) AS moved
FROM ledger_transaction t
JOIN events_store o ON o.subject_kind = 'transaction' AND o.subject_ref = t.public_id::text
JOIN ledger_account a ON a.id = t.account_id
LEFT JOIN ledger_answer w ON w.transaction_id = t.id
LEFT JOIN ledger_entry e ON e.transaction_id = t.id AND e.line = 1
WHERE (o.data ->> 'points_amount')::bigint <> coalesce(w.points_amount, abs(e.points_change), 0)
    OR (o.data ->> 'points_balance')::bigint <> coalesce(e.balance_after, w.points_balance, (o.data ->> 'points_balance')::bigint)
    OR (o.data ->> 'account_sequence')::bigint IS DISTINCT FROM e.account_sequence
    OR o.key <> a.owner_ref::text OR o.event_id <> t.public_id
    OR o.data ->> 'customer_id' <> coalesce(t.customer_ref, a.owner_ref)::text OR o.data ->> 'wallet' <> a.wallet
