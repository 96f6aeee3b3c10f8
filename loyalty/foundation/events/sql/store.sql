-- Contract view: every fact ever published and kept: the event store, and the tail of the outbox that is not stored yet, so that a fact
-- counts at once. `lookup` finds the facts of one key and type along an index that also has their instant. Whoever asks by `lookup` asks for
-- `key` and `type` beside it, as two facts of different keys may share a hash.
CREATE OR REPLACE VIEW events_store AS
    SELECT s.event_id, s.type, s.key, s.subject_kind, s.subject_ref, s.occurred_at, s.recorded_at, s.data,
        hashtextextended(s.key || ' ' || s.type, 0) AS lookup
    FROM events_stored s
    UNION ALL
    SELECT o.event_id, o.type, o.key, o.subject_kind, o.subject_ref, o.occurred_at, o.recorded_at, o.data,
        hashtextextended(o.key || ' ' || o.type, 0) AS lookup
    FROM events_tail o;

-- Contract view: the stored facts in their order, for who reads them one after another by `position`.
CREATE OR REPLACE VIEW events_log AS
    SELECT s.position, s.event_id, s.type, s.key, s.subject_kind, s.subject_ref, s.occurred_at, s.recorded_at, s.data
    FROM events_stored s;
