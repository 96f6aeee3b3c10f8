-- Applies what providers said of their references, oldest first, up to p_limit. A receipt whose reference is not known
-- yet waits: the sender writes the reference when it settles, which may be after the provider's first word. A message of
-- several parts is delivered with the last of them, and failed with the first. Of what was said of one part the gravest
-- counts, in whatever order it came: complained before refused before failed before delivered.
CREATE OR REPLACE FUNCTION delivery_apply_receipts(p_now timestamptz, p_limit integer)
RETURNS TABLE (applied bigint, delivered bigint, failed bigint) LANGUAGE sql AS $$
    WITH due AS (
        SELECT r.id, r.outcome, r.detail, r.occurred_at, f.id AS reference_id, f.send_id,
            array_position(ARRAY['delivered', 'failed', 'refused', 'complained'], r.outcome::text) AS gravity
        FROM delivery_receipt r JOIN delivery_reference f USING (channel, reference)
        WHERE r.applied_at IS NULL ORDER BY r.id LIMIT p_limit FOR UPDATE OF r, f SKIP LOCKED
    ), said AS (
        SELECT DISTINCT ON (reference_id) * FROM due ORDER BY reference_id, gravity DESC
    ), parts AS (
        UPDATE delivery_reference f SET outcome = s.outcome FROM said s WHERE f.id = s.reference_id
            AND s.gravity > coalesce(array_position(ARRAY['delivered', 'failed', 'refused', 'complained'], f.outcome::text), 0)
    ), marked AS (
        UPDATE delivery_receipt r SET applied_at = p_now FROM due WHERE r.id = due.id
    ), message AS (
        SELECT f.send_id,
            bool_and('delivered' IN (coalesce(s.outcome, ''), f.outcome)) AS is_delivered,
            bool_or('refused' IN (coalesce(s.outcome, ''), f.outcome)) AS is_refused,
            bool_or('failed' IN (coalesce(s.outcome, ''), f.outcome)) AS is_failed,
            bool_or('complained' IN (coalesce(s.outcome, ''), f.outcome)) AS is_complained,
            max(s.occurred_at) AS occurred_at, max(s.detail) FILTER (WHERE s.outcome <> 'delivered') AS detail
        FROM delivery_reference f LEFT JOIN said s ON s.reference_id = f.id
        WHERE f.send_id IN (SELECT send_id FROM said) GROUP BY f.send_id
    ), settled AS (
        UPDATE delivery_send s SET
            state = CASE WHEN m.is_complained THEN 'COMPLAINED' WHEN m.is_refused THEN 'BOUNCED' WHEN m.is_failed THEN 'FAILED' ELSE 'DELIVERED' END,
            reason = CASE WHEN m.is_complained THEN s.channel || '.complained'
                WHEN m.is_refused THEN s.channel || CASE s.channel WHEN 'email' THEN '.recipient_refused' ELSE '.number_refused' END
                WHEN m.is_failed THEN s.channel || '.undelivered' ELSE '' END,
            detail = coalesce(m.detail, ''), due_at = NULL,
            delivered_at = CASE WHEN (m.is_refused OR m.is_failed) AND NOT m.is_complained THEN s.delivered_at
                ELSE coalesce(s.delivered_at, m.occurred_at) END,
            ended_at = CASE WHEN m.is_refused OR m.is_failed OR m.is_complained THEN p_now ELSE s.ended_at END
        FROM message m
        WHERE s.id = m.send_id AND CASE WHEN m.is_complained
            -- Who calls a mail spam had it, and may have opened it, whatever a report said of it before.
            THEN s.state IN ('SENDING', 'SENT', 'UNKNOWN', 'DELIVERED', 'OPENED', 'CLICKED', 'BOUNCED', 'FAILED')
            WHEN m.is_refused AND s.state = 'FAILED' THEN s.reason = s.channel || '.undelivered'
            ELSE s.state IN ('SENDING', 'SENT', 'UNKNOWN', 'DELIVERED')
                AND (m.is_refused OR m.is_failed OR (m.is_delivered AND s.state <> 'DELIVERED')) END
        RETURNING s.id, s.public_id, s.channel, s.state, s.reason, s.address, s.message_id, s.customer_id
    ), suppressed AS (
        INSERT INTO delivery_suppression (public_id, channel, address, reason, origin, created_at)
        SELECT DISTINCT ON (s.channel, customers_address_key(s.channel, s.address))
            gen_random_uuid(), s.channel, s.address, CASE s.state WHEN 'BOUNCED' THEN 'bounced' ELSE 'complained' END, 'send ' || s.public_id, p_now
        -- A telephone that is off looks the same as one that is gone, so a text message suppresses nothing here.
        FROM settled s WHERE s.state IN ('BOUNCED', 'COMPLAINED') AND s.channel = 'email' AND s.address <> ''
        ON CONFLICT (channel, address_key) DO UPDATE SET reason = excluded.reason, origin = excluded.origin, until = NULL
        WHERE delivery_suppression.until <= p_now
    ), told AS (
        INSERT INTO events_outbox (event_id, type, key, subject_kind, subject_ref, occurred_at, causation_id, data)
        SELECT gen_random_uuid(), CASE s.state WHEN 'DELIVERED' THEN 'message.delivered' WHEN 'COMPLAINED' THEN 'message.complained'
                ELSE 'message.bounced' END,
            d.public_id::text, 'customer', d.public_id::text, p_now, m.occurrence_ref,
            jsonb_build_object('send_id', s.public_id, 'channel', s.channel, 'customer_id', d.public_id,
                'occurrence_key', m.occurrence_key, 'source_kind', m.source_kind, 'source_ref', m.source_ref)
                || CASE s.state WHEN 'DELIVERED' THEN '{}'::jsonb ELSE jsonb_build_object('code', s.reason) END
        FROM settled s JOIN delivery_message m ON m.id = s.message_id
        JOIN customers_directory d ON d.customer_id = s.customer_id WHERE NOT m.is_test
    )
    SELECT (SELECT count(*) FROM due), count(*) FILTER (WHERE state = 'DELIVERED'), count(*) FILTER (WHERE state <> 'DELIVERED')
    FROM settled
$$;
