-- Settles the sends of one window with their facts and the provider's references. `p_settled` is a JSON list of
-- {id, state, reason, detail, due_at, sent_at, delivered_at, ended_at, is_begun, key, references, facts}.
-- A row that became UNKNOWN while a slow server still answered is settled by the answer, which is the better knowledge.
CREATE OR REPLACE FUNCTION delivery_settle(p_claim uuid, p_now timestamptz, p_settled jsonb) RETURNS void
LANGUAGE sql AS $$
    WITH verdict AS (
        SELECT * FROM jsonb_to_recordset(p_settled) AS v (id bigint, state text, reason text, detail text,
            due_at timestamptz, sent_at timestamptz, delivered_at timestamptz, ended_at timestamptz, is_begun boolean,
            key text, "references" jsonb, facts jsonb)
    ), settled AS (
        UPDATE delivery_send s SET state = v.state, reason = v.reason, detail = v.detail, due_at = v.due_at,
            sent_at = coalesce(v.sent_at, s.sent_at), delivered_at = coalesce(v.delivered_at, s.delivered_at),
            ended_at = v.ended_at, attempts = s.attempts - (NOT v.is_begun)::int
        FROM verdict v WHERE s.id = v.id AND s.claim = p_claim AND s.state IN ('SENDING', 'UNKNOWN')
        RETURNING s.id, s.channel
    ), referred AS (
        INSERT INTO delivery_reference (channel, reference, send_id, created_at)
        SELECT s.channel, r.reference, s.id, p_now
        FROM settled s JOIN verdict v ON v.id = s.id
        CROSS JOIN LATERAL jsonb_array_elements_text(v."references") AS r (reference)
        ON CONFLICT DO NOTHING
    )
    INSERT INTO events_outbox (event_id, type, key, subject_kind, subject_ref, occurred_at, data)
    SELECT f.id, f.type, v.key, 'customer', v.key, p_now, f.data
    FROM settled s JOIN verdict v ON v.id = s.id
    CROSS JOIN LATERAL jsonb_to_recordset(v.facts) AS f (id uuid, type text, data jsonb)
$$;

-- Marks the sends of the next window SENDING and gives what is fresh of their customers. Consent and address are read
-- again here, in the transaction that commits to the hand-over; a row that was held, cancelled or taken by another
-- worker meanwhile does not match.
CREATE OR REPLACE FUNCTION delivery_begin(p_claim uuid, p_now timestamptz, p_until timestamptz, p_next bigint[])
RETURNS TABLE (id bigint, state text, attempts smallint, address text, first_name text, last_name text, customer_ref text)
LANGUAGE sql AS $$
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
    WHERE q.id = ANY(p_next) AND s.id = q.id AND s.state = 'QUEUED' AND s.claim = p_claim AND s.due_at IS NOT NULL
    RETURNING s.id, s.state::text, s.attempts, s.address::text, r.first_name, r.last_name, r.customer_ref::text
$$;
