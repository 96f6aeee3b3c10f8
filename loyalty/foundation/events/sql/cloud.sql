-- Gives a fact as a CloudEvent 1.0 in JSON; of a type of another system, which is none of p_types, it names no schema, because there is
-- none to be read. Its extensions: `partitionkey` (what orders it), `sequence` (its place in the event store, as
-- text in the order of the numbers), `dataversion`, and, where they are known, `correlationid` and `causationid`.
DROP FUNCTION IF EXISTS events_cloud_event(events_stored, text);
CREATE OR REPLACE FUNCTION events_cloud_event(p_fact events_stored, p_source text, p_types text[]) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object('specversion', '1.0', 'id', p_fact.event_id, 'source', p_source, 'type', p_fact.type,
            'time', to_char(p_fact.occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
            'datacontenttype', 'application/json',
            'dataversion', p_fact.version::text, 'sequence', lpad(p_fact.position::text, 20, '0'), 'data', p_fact.data)
        || CASE WHEN p_fact.type = ANY (p_types) THEN jsonb_build_object('dataschema',
            p_source || '/eventTypes/' || p_fact.type || '/schema/?version=' || p_fact.version) ELSE '{}' END
        || CASE WHEN p_fact.subject_ref = '' THEN '{}' ELSE jsonb_build_object('subject',
            concat_ws('/', nullif(p_fact.subject_kind, ''), p_fact.subject_ref)) END
        || CASE WHEN p_fact.key = '' THEN '{}' ELSE jsonb_build_object('partitionkey', p_fact.key) END
        || CASE WHEN p_fact.correlation_id IS NULL THEN '{}' ELSE jsonb_build_object('correlationid', p_fact.correlation_id) END
        || CASE WHEN p_fact.causation_id IS NULL THEN '{}' ELSE jsonb_build_object('causationid', p_fact.causation_id) END
$$;
