-- Takes in customers whom nobody knows yet, in sets, with an address for mail and one for text messages; gives how many.
-- Those who are known meanwhile stay as they are, and who was erased is not taken in again. The public ids are the caller's, made of the references (RFC 9562,
-- version 5), which PostgreSQL cannot make. Under the lock of customers_upsert, for its reason.
CREATE OR REPLACE FUNCTION customers_take_new(
    p_source text, p_now timestamptz, p_public_ids uuid[], p_refs text[], p_first_names text[], p_last_names text[],
    p_emails text[], p_phones text[], p_since date[])
RETURNS bigint LANGUAGE plpgsql SET jit = off SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    v_made bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('customers.upsert', 0));
    WITH incoming AS MATERIALIZED (
        SELECT * FROM unnest(p_public_ids, p_refs, p_first_names, p_last_names, p_emails, p_phones, p_since)
            AS i (public_id, customer_ref, first_name, last_name, email, phone, since)),
    made AS (
        INSERT INTO customers_customer (public_id, customer_ref, first_name, last_name, status, language, time_zone, city,
            gender, customer_since, source, told_at, updated_at)
        SELECT i.public_id, i.customer_ref, i.first_name, i.last_name, 'ACTIVE', 'en', 'UTC', '', '', i.since, p_source, p_now, p_now
        FROM incoming i
        WHERE NOT EXISTS (SELECT FROM customers_customer e WHERE e.public_id = i.public_id AND e.erased_at IS NOT NULL)
        ORDER BY i.customer_ref
        ON CONFLICT (customer_ref) DO NOTHING
        RETURNING id, public_id, customer_ref),
    -- The rows are new, so their addresses are met by position in the arrays and not by looking for them.
    addressed AS (
        INSERT INTO customers_contactpoint (customer_id, channel, address, is_primary)
        SELECT m.id, w.channel, w.address, true
        FROM made m JOIN incoming i ON i.public_id = m.public_id
        CROSS JOIN LATERAL (VALUES ('email', i.email), ('sms', i.phone)) AS w (channel, address)
        WHERE w.address <> ''),
    told AS (
        INSERT INTO events_outbox (event_id, type, key, subject_kind, subject_ref, occurred_at, data)
        SELECT gen_random_uuid(), 'customer.created', m.public_id::text, 'customer', m.public_id::text, p_now,
            jsonb_build_object('customer_id', m.public_id, 'customer_ref', m.customer_ref, 'source', p_source)
        FROM made m)
    SELECT count(*) INTO v_made FROM made;
    RETURN v_made;
END $$;
