-- Publishes events of other systems as they came, each once per source and id, in one statement; gives the positions (in the caller's
-- arrays, from 1) of those that were new.
CREATE OR REPLACE FUNCTION exchange_take_in(
    p_now timestamptz, p_sources text[], p_ids text[], p_published uuid[], p_types text[], p_versions smallint[], p_keys text[],
    p_kinds text[], p_refs text[], p_occurred_at timestamptz[], p_correlations uuid[], p_causations uuid[], p_data text[]
) RETURNS bigint LANGUAGE sql AS $$
    WITH incoming AS (
        SELECT * FROM unnest(p_sources, p_ids, p_published, p_types, p_versions, p_keys, p_kinds, p_refs, p_occurred_at, p_correlations,
            p_causations, p_data) WITH ORDINALITY
            AS i (source, id, published, type, version, key, kind, ref, occurred_at, correlation, causation, data, place)
    ), taken AS (
        INSERT INTO exchange_receivedevent (source, event_id, received_at)
        -- In one order, so that two senders of the same batch wait for each other.
        SELECT source, id, p_now FROM incoming ORDER BY source, id
        ON CONFLICT (source, event_id) DO NOTHING
        RETURNING source, event_id
    ), published AS (
        INSERT INTO events_outbox (event_id, type, version, key, subject_kind, subject_ref, occurred_at, correlation_id, causation_id, data)
        SELECT i.published, i.type, i.version, i.key, i.kind, i.ref, i.occurred_at, i.correlation, i.causation, i.data::jsonb
        FROM incoming i JOIN taken t ON t.source = i.source AND t.event_id = i.id
        ORDER BY i.place
    )
    SELECT count(*) FROM taken;
$$;
