-- E1: Every transaction has exactly one event, and every event of a transaction its transaction
SELECT coalesce(t.public_id::text, o.subject_ref) AS transaction, count(o.event_id) AS events
FROM ledger_transaction t
FULL JOIN (SELECT event_id, subject_ref FROM events_store WHERE subject_kind = 'transaction') o ON o.subject_ref = t.public_id::text
GROUP BY t.public_id, t.recorded_at, o.subject_ref
HAVING t.public_id IS NULL OR (count(o.event_id) <> 1
    -- Events of before were dropped by whole months; the instants of a transaction and its event are not quite the same.
    AND NOT (count(o.event_id) = 0 AND t.recorded_at < events_kept_since() + interval '1 day'))
