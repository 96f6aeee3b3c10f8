-- E3: A hold has one event of its beginning, and one of its end when it ended without a burn
SELECT coalesce(h.public_id::text, o.subject_ref) AS hold, h.state, o.begun, o.ended
FROM ledger_hold h
FULL JOIN (SELECT subject_ref, count(*) FILTER (WHERE type = 'points.held') AS begun,
               count(*) FILTER (WHERE type = 'points.hold_released') AS ended
           FROM events_store WHERE subject_kind = 'hold' GROUP BY subject_ref) o ON o.subject_ref = h.public_id::text
WHERE h.id IS NULL
    -- Events of before were dropped by whole months; the instants of a hold and its event are not quite the same.
    OR (coalesce(o.begun, 0) <> 1 AND NOT (coalesce(o.begun, 0) = 0 AND h.held_at < events_kept_since() + interval '1 day'))
    OR (coalesce(o.ended, 0) <> (h.state IN ('RELEASED', 'EXPIRED'))::integer
        AND NOT (coalesce(o.ended, 0) = 0 AND h.ended_at < events_kept_since() + interval '1 day'))
