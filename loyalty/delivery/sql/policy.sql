-- The contact policy in sets. `policy/contact.py` says the same for one customer; a test compares the two.

-- Until when a customer is not to be disturbed, or NULL: the quiet hours of channel and purpose by the customer's own clock.
-- `p_quiet` is a JSON list of {channel, purpose, starts, ends}; an empty channel or purpose means each. Hours that end before
-- they start go over midnight.
CREATE OR REPLACE FUNCTION delivery_quiet_until(
    p_now timestamptz, p_zone text, p_channel text, p_purpose text, p_quiet jsonb)
RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT max((l.local_at::date + q.ends + CASE WHEN q.ends <= q.starts AND l.local_at::time >= q.starts
            THEN interval '1 day' ELSE interval '0' END) AT TIME ZONE p_zone)
    FROM (SELECT p_now AT TIME ZONE p_zone) AS l (local_at),
        jsonb_to_recordset(p_quiet) AS q (channel text, purpose text, starts time, ends time)
    WHERE q.channel IN ('', p_channel) AND q.purpose IN ('', p_purpose)
        AND CASE WHEN q.starts < q.ends THEN l.local_at::time >= q.starts AND l.local_at::time < q.ends
            ELSE l.local_at::time >= q.starts OR l.local_at::time < q.ends END
$$;

-- How far a customer's caps are used: 'full' when so many messages were begun within the period of one of them, 'waits' when
-- better ones that are still queued would fill it (a smaller priority number is better, then the older), or NULL. `p_caps` is a
-- JSON list of {channel, purpose, sends_max, hours}.
CREATE OR REPLACE FUNCTION delivery_capped(
    p_customer bigint, p_channel text, p_purpose text, p_now timestamptz, p_caps jsonb, p_priority smallint, p_send bigint)
RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN bool_or(u.begun >= c.sends_max) THEN 'full' WHEN bool_or(u.begun + u.better >= c.sends_max) THEN 'waits' END
    FROM jsonb_to_recordset(p_caps) AS c (channel text, purpose text, sends_max integer, hours integer)
    CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE s.state <> 'QUEUED') AS begun,
            count(*) FILTER (WHERE s.state = 'QUEUED' AND (s.priority, s.id) < (p_priority, p_send)) AS better
        FROM delivery_send s JOIN delivery_message m ON m.id = s.message_id
        WHERE s.customer_id = p_customer AND c.channel IN ('', s.channel) AND c.purpose IN ('', m.purpose) AND NOT m.is_test
            AND (s.state = 'SENDING' OR (s.state = 'QUEUED' AND s.due_at IS NOT NULL)
                OR (s.state IN ('SENT', 'DELIVERED', 'OPENED', 'CLICKED', 'BOUNCED', 'UNKNOWN')
                    AND coalesce(s.sent_at, s.ended_at) > p_now - make_interval(hours => c.hours)))) u
    WHERE c.channel IN ('', p_channel) AND c.purpose IN ('', p_purpose)
$$;

-- Which message goes before one that waits for room under the caps: the occurrence of the best of those that `delivery_capped` counts.
CREATE OR REPLACE FUNCTION delivery_outranked_by(
    p_customer bigint, p_channel text, p_purpose text, p_caps jsonb, p_priority smallint, p_send bigint)
RETURNS text LANGUAGE sql STABLE AS $$
    SELECT m.occurrence_key FROM delivery_send s JOIN delivery_message m ON m.id = s.message_id
    JOIN jsonb_to_recordset(p_caps) AS c (channel text, purpose text)
        ON c.channel IN ('', s.channel) AND c.purpose IN ('', m.purpose)
        AND c.channel IN ('', p_channel) AND c.purpose IN ('', p_purpose)
    WHERE s.customer_id = p_customer AND s.state = 'QUEUED' AND s.due_at IS NOT NULL AND NOT m.is_test
        AND (s.priority, s.id) < (p_priority, p_send)
    ORDER BY s.priority, s.id LIMIT 1
$$;

-- Whether a customer belongs to the part that is never written to, so that what all messages do together can be measured. The
-- same customers at every message, by a hash of their public id.
CREATE OR REPLACE FUNCTION delivery_is_held_out(p_customer uuid, p_salt text, p_percent integer) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT ('x' || left(md5(p_salt || ':' || p_customer::text), 8))::bit(32)::bigint % 100 < p_percent
$$;

-- Why a customer is not written to, or NULL, in the order of the policy.
CREATE OR REPLACE FUNCTION delivery_refusal(
    p_is_forbidden boolean, p_is_consented boolean, p_is_suppressed boolean, p_is_held_out boolean, p_is_capped boolean,
    p_address text)
RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN p_is_forbidden THEN 'forbidden'
        WHEN p_is_consented IS NOT TRUE THEN 'no_consent'
        WHEN p_is_suppressed THEN 'suppressed'
        WHEN p_is_held_out THEN 'holdout'
        WHEN p_is_capped THEN 'capped'
        WHEN coalesce(p_address, '') = '' THEN 'no_address'
    END
$$;

-- Plans anew what is held, by the quiet hours as they are now: whatever waits longer than these ask is due sooner. Gives how many.
-- Rows in a worker's hands, and those that a pause holds (due_at NULL), stay as they are.
CREATE OR REPLACE FUNCTION delivery_replan(p_ids bigint[], p_now timestamptz, p_policy jsonb) RETURNS bigint
LANGUAGE sql AS $$
    WITH held AS MATERIALIZED (
        SELECT s.id, s.message_id, s.customer_id, s.channel, greatest(p_now, s.not_before) AS at FROM delivery_send s
        WHERE s.id = ANY(p_ids) AND s.state = 'QUEUED' AND s.claim IS NULL AND s.due_at > p_now
        ORDER BY s.id FOR UPDATE
    ), planned AS (
        SELECT h.id, q.until IS NOT NULL AS is_quiet, least(coalesce(q.until, h.at), m.valid_until) AS due
        FROM held h JOIN delivery_message m ON m.id = h.message_id
        LEFT JOIN customers_directory d ON d.customer_id = h.customer_id
        LEFT JOIN delivery_preference f ON f.customer_id = h.customer_id
        CROSS JOIN LATERAL (SELECT delivery_quiet_until(h.at, coalesce(nullif(d.time_zone, ''), p_policy ->> 'zone'), h.channel,
            m.purpose, (p_policy -> 'quiet_hours') || coalesce(f.quiet_hours, '[]')) OFFSET 0) AS q (until)
    ), moved AS (
        UPDATE delivery_send s SET due_at = p.due, reason = CASE WHEN p.is_quiet THEN s.reason ELSE '' END FROM planned p WHERE s.id = p.id AND p.due < s.due_at RETURNING s.id
    )
    SELECT count(*) FROM moved
$$;

-- Marks the sends of the next window SENDING and gives what is fresh of their customers. Consent, address, suppressions, caps
-- and quiet hours are looked at again here, in the transaction that commits to the hand-over; a row that was held, cancelled or
-- taken by another worker meanwhile does not match. What is not to be sent now goes back to the queue (state QUEUED, held).
-- Its plan is made once for a session: every table is asked by its key, and planning each window anew took as long as the window.
CREATE OR REPLACE FUNCTION delivery_begin(
    p_claim uuid, p_now timestamptz, p_until timestamptz, p_next bigint[], p_policy jsonb)
RETURNS TABLE (id bigint, state text, attempts smallint, address text, first_name text, last_name text, customer_ref text)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
    IF jsonb_array_length(p_policy -> 'caps') > 0 THEN
        -- Two workers with a message each for one customer count one after the other.
        PERFORM pg_advisory_xact_lock(k.lock) FROM (
            SELECT DISTINCT hashint8extended(s.customer_id, 20260602) AS lock FROM delivery_send s WHERE s.id = ANY(p_next)
            ORDER BY 1) k;
    END IF;
    RETURN QUERY
    -- Kept, and the caps with an OFFSET: written into each place that names them, the caps were counted twelve times for each row.
    WITH looked_at AS MATERIALIZED (
        SELECT s.id, m.is_test, m.valid_until, r.address, r.first_name, r.last_name, r.customer_ref,
            CASE WHEN m.valid_until <= p_now THEN 'expired'
                WHEN m.is_test THEN NULL
                ELSE delivery_refusal(
                    coalesce(b.reason = 'legal', false), r.is_consented, b.id IS NOT NULL,
                    delivery_is_held_out(r.public_id, p_policy ->> 'holdout_salt', h.percent), c.used = 'full', r.address)
            END AS reason,
            CASE WHEN NOT m.is_test THEN
                delivery_quiet_until(p_now, coalesce(nullif(r.time_zone, ''), p_policy ->> 'zone'), s.channel, m.purpose,
                    (p_policy -> 'quiet_hours') || coalesce(f.quiet_hours, '[]'))
            END AS quiet_until, c.used = 'waits' AS is_outranked, m.purpose
        FROM delivery_send s JOIN delivery_message m ON m.id = s.message_id
        LEFT JOIN customers_reachable r
            ON r.customer_id = s.customer_id AND r.channel = s.channel AND r.purpose = m.purpose
        LEFT JOIN delivery_suppression b ON b.channel = s.channel
            AND b.address_key = customers_address_key(s.channel, r.address) AND (b.until IS NULL OR b.until > p_now)
        LEFT JOIN delivery_preference f ON f.customer_id = s.customer_id
        CROSS JOIN LATERAL (
            SELECT CASE WHEN m.purpose = 'marketing' THEN (p_policy ->> 'holdout_percent')::integer ELSE 0 END) AS h (percent)
        CROSS JOIN LATERAL (
            SELECT CASE WHEN jsonb_array_length(p_policy -> 'caps') > 0 AND NOT m.is_test THEN
                delivery_capped(s.customer_id, s.channel, m.purpose, p_now, p_policy -> 'caps', s.priority, s.id) END
            OFFSET 0) AS c (used)
        WHERE s.id = ANY(p_next)
    ), judged AS (
        SELECT l.*, CASE WHEN quiet_until IS NOT NULL THEN 'quiet_hours' WHEN is_outranked THEN 'outranked' END AS hold,
            coalesce(quiet_until, CASE WHEN is_outranked THEN p_now + interval '5 minutes' END) AS later
        FROM looked_at l
    )
    UPDATE delivery_send s SET
        state = CASE WHEN x.reason IS NOT NULL THEN 'SKIPPED' WHEN x.later IS NOT NULL THEN 'QUEUED' ELSE 'SENDING' END,
        -- Who is held is told why, and whose message goes first; that stays where in the end there was no room.
        reason = coalesce(x.reason, x.hold, ''),
        detail = CASE WHEN x.reason IS NOT NULL THEN s.detail WHEN x.hold = 'outranked' THEN coalesce(left(delivery_outranked_by(
                s.customer_id, s.channel, x.purpose, p_policy -> 'caps', s.priority, s.id), 500), '')
            WHEN x.hold IS NOT NULL THEN '' ELSE s.detail END,
        attempts = s.attempts + (x.reason IS NULL AND x.later IS NULL)::int,
        address = CASE WHEN x.is_test THEN s.address ELSE coalesce(x.address, '') END,
        claim = CASE WHEN x.reason IS NULL AND x.later IS NOT NULL THEN NULL ELSE s.claim END,
        -- Who is held is looked at again when the message is not valid any more, so that it is given up then and not later.
        due_at = CASE WHEN x.reason IS NULL THEN CASE WHEN x.later IS NULL THEN p_until ELSE least(x.later, x.valid_until) END END,
        ended_at = CASE WHEN x.reason IS NOT NULL THEN p_now END
    FROM judged x
    WHERE s.id = x.id AND s.state = 'QUEUED' AND s.claim = p_claim AND s.due_at IS NOT NULL
    RETURNING s.id, s.state::text, s.attempts, s.address::text, x.first_name, x.last_name, x.customer_ref::text;
END $$;
