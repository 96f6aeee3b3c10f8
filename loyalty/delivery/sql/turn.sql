-- Why a customer is not written to, or NULL: consent, then address. Holdouts and caps have no source yet.
-- policy/contact.py says the same for one customer; a test compares the two.
CREATE OR REPLACE FUNCTION delivery_exclusion(p_is_consented boolean, p_address text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN p_is_consented IS NOT TRUE THEN 'no_consent'
        WHEN coalesce(p_address, '') = '' THEN 'no_address'
    END
$$;

-- One commit between two messages: the one before is settled with its facts, the next is marked SENDING.
-- Consent and address of the next are read again here, in the transaction that commits to the hand-over; a row that was
-- held, cancelled or taken by another worker meanwhile does not match. A row that became UNKNOWN while a slow server
-- still answered is settled by the answer, which is the better knowledge.
CREATE OR REPLACE FUNCTION delivery_turn(
    p_claim uuid, p_now timestamptz, p_until timestamptz, p_previous bigint, p_state text, p_reason text, p_detail text,
    p_due_at timestamptz, p_sent_at timestamptz, p_delivered_at timestamptz, p_ended_at timestamptz, p_key text,
    p_fact_ids uuid[], p_fact_types text[], p_fact_data text[], p_next bigint
) RETURNS TABLE (state text, attempts smallint, address text, first_name text, last_name text, customer_ref text)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    IF p_previous IS NOT NULL THEN
        UPDATE delivery_send s SET state = p_state, reason = p_reason, detail = p_detail, due_at = p_due_at,
            sent_at = coalesce(p_sent_at, s.sent_at), delivered_at = coalesce(p_delivered_at, s.delivered_at),
            ended_at = p_ended_at
        WHERE s.id = p_previous AND s.claim = p_claim AND s.state IN ('SENDING', 'UNKNOWN');
        IF FOUND AND cardinality(p_fact_ids) > 0 THEN
            INSERT INTO events_outbox (event_id, type, key, subject_kind, subject_ref, occurred_at, data)
            SELECT f.event_id, f.type, p_key, 'customer', p_key, p_now, f.data::jsonb
            FROM unnest(p_fact_ids, p_fact_types, p_fact_data) AS f (event_id, type, data);
        END IF;
    END IF;
    IF p_next IS NOT NULL THEN
        RETURN QUERY
        UPDATE delivery_send s SET state = CASE WHEN x.reason IS NULL THEN 'SENDING' ELSE 'SKIPPED' END,
            reason = coalesce(x.reason, ''), attempts = s.attempts + (x.reason IS NULL)::int,
            address = coalesce(CASE WHEN m.is_test THEN s.address ELSE r.address END, ''),
            due_at = CASE WHEN x.reason IS NULL THEN p_until END,
            ended_at = CASE WHEN x.reason IS NOT NULL THEN p_now END
        FROM delivery_send q JOIN delivery_message m ON m.id = q.message_id
        LEFT JOIN customers_reachable r
            ON r.customer_id = q.customer_id AND r.channel = q.channel AND r.purpose = m.purpose
        CROSS JOIN LATERAL (
            SELECT CASE WHEN NOT m.is_test THEN delivery_exclusion(r.is_consented, r.address) END AS reason) x
        WHERE q.id = p_next AND s.id = q.id AND s.state = 'QUEUED' AND s.claim = p_claim AND s.due_at IS NOT NULL
        RETURNING s.state::text, s.attempts, s.address::text, r.first_name, r.last_name, r.customer_ref::text;
    END IF;
END $$;
