-- Take events from outside in: each is stored once per source and event id and published in the same statement.
-- Gives the positions (in the caller's arrays, from 1) of the events that were new.
DROP FUNCTION IF EXISTS customers_receive_events(
    text, timestamptz, text[], uuid[], text[], bigint[], text[], timestamptz[], text[]);
CREATE OR REPLACE FUNCTION customers_receive_events(
    p_source text, p_now timestamptz, p_event_ids text[], p_published_ids uuid[], p_types text[],
    p_customer_ids bigint[], p_keys text[], p_occurred_at timestamptz[], p_data text[], p_correlations uuid[], p_causations uuid[]
) RETURNS SETOF text LANGUAGE sql AS $$
    WITH incoming AS (
        SELECT * FROM unnest(p_event_ids, p_published_ids, p_types, p_customer_ids, p_keys, p_occurred_at, p_data,
            p_correlations, p_causations)
            AS i (event_id, published_id, type, customer_id, key, occurred_at, data, correlation, causation)
    ), stored AS (
        INSERT INTO customers_event (source, event_id, type, customer_id, occurred_at, received_at, data)
        SELECT p_source, event_id, type, customer_id, occurred_at, p_now, data::jsonb FROM incoming
        -- In the order of their id, so that two senders of the same batch wait for each other.
        ORDER BY event_id
        ON CONFLICT (source, event_id) DO NOTHING
        RETURNING event_id
    ), published AS (
        INSERT INTO events_outbox (event_id, type, key, subject_kind, subject_ref, occurred_at, correlation_id, causation_id, data)
        SELECT i.published_id, i.type, i.key, 'customer', i.key, i.occurred_at, i.correlation, i.causation,
            i.data::jsonb || jsonb_build_object('event_id', i.event_id)
        FROM incoming i JOIN stored USING (event_id)
        ORDER BY i.occurred_at, i.event_id
    )
    SELECT event_id FROM stored;
$$;
