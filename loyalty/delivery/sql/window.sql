-- Settles the sends of one window with their facts and the provider's references. `p_settled` is a JSON list of
-- {id, state, reason, detail, due_at, sent_at, delivered_at, ended_at, is_begun, key, references, facts}.
-- A row that became UNKNOWN while a slow server still answered is settled by the answer, which is the better knowledge.
CREATE OR REPLACE FUNCTION delivery_settle(p_claim uuid, p_now timestamptz, p_settled jsonb) RETURNS void
LANGUAGE sql SET plan_cache_mode = force_generic_plan AS $$
    WITH verdict AS (
        SELECT * FROM jsonb_to_recordset(p_settled) AS v (id bigint, state text, reason text, detail text,
            due_at timestamptz, sent_at timestamptz, delivered_at timestamptz, ended_at timestamptz, is_begun boolean,
            key text, "references" jsonb, facts jsonb)
    ), settled AS (
        UPDATE delivery_send s SET state = v.state, reason = v.reason, detail = v.detail, due_at = v.due_at,
            sent_at = coalesce(v.sent_at, s.sent_at), delivered_at = coalesce(v.delivered_at, s.delivered_at),
            ended_at = v.ended_at, attempts = s.attempts - (NOT v.is_begun)::int
        FROM verdict v WHERE s.id = v.id AND s.claim = p_claim AND s.state IN ('SENDING', 'UNKNOWN')
        RETURNING s.id, s.public_id, s.channel, s.state, s.address, s.message_id
    ), referred AS (
        -- Centres count, and begin anew one day; then the reference is that of the message which has it now.
        INSERT INTO delivery_reference AS f (channel, reference, send_id, created_at)
        SELECT DISTINCT ON (s.channel, r.reference) s.channel, r.reference, s.id, p_now
        FROM settled s JOIN verdict v ON v.id = s.id
        CROSS JOIN LATERAL jsonb_array_elements_text(v."references") AS r (reference)
        ORDER BY s.channel, r.reference, s.id DESC
        ON CONFLICT (channel, reference) DO UPDATE SET send_id = excluded.send_id, outcome = '', created_at = p_now
        WHERE f.send_id <> excluded.send_id
        RETURNING f.channel, f.reference, f.send_id
    ), forgotten AS (
        -- What was said of the message that had the reference before.
        DELETE FROM delivery_receipt r USING referred f JOIN verdict v ON v.id = f.send_id
        WHERE r.channel = f.channel AND r.reference = f.reference AND r.applied_at IS NOT NULL
            AND r.received_at < coalesce(v.sent_at, p_now)
    ), heard_early AS (
        -- What came before this answer was settled is about this message, though it was taken for the one before.
        UPDATE delivery_receipt r SET applied_at = NULL FROM referred f JOIN verdict v ON v.id = f.send_id
        WHERE r.channel = f.channel AND r.reference = f.reference AND r.applied_at IS NOT NULL
            AND r.received_at >= coalesce(v.sent_at, p_now)
    ), suppressed AS (
        -- An address that its server refused for good is not tried again by the next message.
        INSERT INTO delivery_suppression (public_id, channel, address, reason, origin, created_at)
        SELECT DISTINCT ON (s.channel, customers_address_key(s.channel, s.address))
            gen_random_uuid(), s.channel, s.address, 'bounced', 'send ' || s.public_id, p_now
        -- Where the address is the customer's own place with us (a device that is gone, the inbox) another device may come.
        FROM settled s WHERE s.state = 'BOUNCED' AND s.address <> '' AND s.channel IN ('email', 'sms', 'whatsapp')
        ON CONFLICT (channel, address_key) DO UPDATE SET reason = excluded.reason, origin = excluded.origin, until = NULL
        WHERE delivery_suppression.until <= p_now
    )
    -- What a message was sent for caused the facts about it: the fact of that occurrence has the occurrence's id.
    INSERT INTO events_outbox (event_id, type, key, subject_kind, subject_ref, occurred_at, causation_id, data)
    SELECT f.id, f.type, v.key, 'customer', v.key, p_now, m.occurrence_ref, f.data
    FROM settled s JOIN verdict v ON v.id = s.id JOIN delivery_message m ON m.id = s.message_id
    CROSS JOIN LATERAL jsonb_to_recordset(v.facts) AS f (id uuid, type text, data jsonb)
$$;
