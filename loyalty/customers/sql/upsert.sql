-- Take a batch of customers in. The caller filled the temporary tables customers_incoming and
-- customers_incoming_consent in this transaction. One batch at a time: a customer is unique by reference and by public id,
-- and ON CONFLICT arbitrates by one index only, so two batches that bring the same new customer at once would break on the
-- other.
CREATE OR REPLACE FUNCTION customers_upsert(p_source text, p_now timestamptz)
RETURNS TABLE (created_count bigint, updated_count bigint, unchanged_count bigint) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('customers.upsert', 0));
    CREATE TEMP TABLE customers_touched (
        customer_id bigint PRIMARY KEY, public_id uuid, customer_ref text, is_created boolean
    ) ON COMMIT DROP;

    WITH written AS (
        INSERT INTO customers_customer AS c (public_id, customer_ref, first_name, last_name, status, language,
            time_zone, city, gender, birth_date, customer_since, source, updated_at)
        SELECT i.public_id, i.customer_ref, i.first_name, i.last_name, i.status, i.language, i.time_zone, i.city,
            i.gender, i.birth_date, i.customer_since, p_source, p_now
        FROM customers_incoming i ORDER BY i.customer_ref
        ON CONFLICT (customer_ref) DO UPDATE SET first_name = excluded.first_name, last_name = excluded.last_name,
            status = excluded.status, language = excluded.language, time_zone = excluded.time_zone,
            city = excluded.city, gender = excluded.gender, birth_date = excluded.birth_date,
            customer_since = excluded.customer_since, version = c.version + 1, updated_at = p_now
        WHERE (c.first_name, c.last_name, c.status, c.language, c.time_zone, c.city, c.gender, c.birth_date,
            c.customer_since) IS DISTINCT FROM (excluded.first_name, excluded.last_name, excluded.status,
            excluded.language, excluded.time_zone, excluded.city, excluded.gender, excluded.birth_date,
            excluded.customer_since)
        RETURNING c.id, c.public_id, c.customer_ref, (xmax = 0) AS is_created
    )
    INSERT INTO customers_touched SELECT id, public_id, customer_ref, is_created FROM written;

    CREATE TEMP TABLE customers_incoming_contact ON COMMIT DROP AS
        SELECT c.id AS customer_id, c.public_id, c.customer_ref, way.channel, way.address
        FROM customers_incoming i JOIN customers_customer c USING (customer_ref)
        CROSS JOIN LATERAL (VALUES ('email', i.email), ('sms', i.phone), ('push', i.push_token)) AS way (channel, address)
        WHERE way.address <> '';
    ANALYZE customers_incoming_contact;

    -- The address that is no longer the primary one stays known, but is not used.
    UPDATE customers_contactpoint p SET is_primary = false
    FROM customers_incoming_contact n
    WHERE p.customer_id = n.customer_id AND p.channel = n.channel AND p.is_primary AND p.address <> n.address;

    WITH written AS (
        INSERT INTO customers_contactpoint AS p (customer_id, channel, address, is_primary)
        SELECT customer_id, channel, address, true FROM customers_incoming_contact ORDER BY customer_id, channel
        ON CONFLICT (customer_id, channel, address) DO UPDATE SET is_primary = true WHERE NOT p.is_primary
        RETURNING p.customer_id
    )
    INSERT INTO customers_touched
    SELECT DISTINCT n.customer_id, n.public_id, n.customer_ref, false
    FROM written JOIN customers_incoming_contact n USING (customer_id)
    ON CONFLICT DO NOTHING;

    -- A token that the source brings is a device like one that the app registered; who has it already keeps it.
    INSERT INTO customers_device (public_id, customer_id, device_ref, platform, token, token_digest, seen_at)
    SELECT gen_random_uuid(), n.customer_id, 'source', 'fcm', n.address, sha256(convert_to(n.address, 'UTF8')), p_now
    FROM customers_incoming_contact n WHERE n.channel = 'push' ORDER BY n.customer_id
    ON CONFLICT DO NOTHING;
    UPDATE customers_device d SET token = n.address, token_digest = sha256(convert_to(n.address, 'UTF8')), seen_at = p_now,
        disabled_at = NULL, disabled_reason = '', version = d.version + 1
    FROM customers_incoming_contact n
    WHERE n.channel = 'push' AND d.customer_id = n.customer_id AND d.device_ref = 'source' AND d.token <> n.address
        AND NOT EXISTS (SELECT 1 FROM customers_device o WHERE o.platform = 'fcm'
            AND o.token_digest = sha256(convert_to(n.address, 'UTF8')));

    -- An answer that the customer gave us later than the source's stands.
    WITH written AS (
        INSERT INTO customers_consent AS a (customer_id, channel, purpose, is_granted, source, changed_at)
        SELECT c.id, i.channel, i.purpose, i.is_granted, p_source, i.changed_at
        FROM customers_incoming_consent i JOIN customers_customer c USING (customer_ref)
        ORDER BY c.id, i.channel, i.purpose
        ON CONFLICT (customer_id, channel, purpose) DO UPDATE
        SET is_granted = excluded.is_granted, source = excluded.source, changed_at = excluded.changed_at
        WHERE a.changed_at < excluded.changed_at AND a.is_granted <> excluded.is_granted
        RETURNING a.customer_id, a.channel, a.purpose, a.is_granted, a.source, a.changed_at
    ), kept AS (
        INSERT INTO customers_consentchange (customer_id, channel, purpose, is_granted, source, changed_at)
        SELECT customer_id, channel, purpose, is_granted, source, changed_at FROM written
    )
    INSERT INTO customers_touched
    SELECT DISTINCT c.id, c.public_id, c.customer_ref, false
    FROM written JOIN customers_customer c ON c.id = written.customer_id
    ON CONFLICT DO NOTHING;

    INSERT INTO events_outbox (event_id, type, key, subject_kind, subject_ref, occurred_at, data)
    SELECT gen_random_uuid(), CASE WHEN is_created THEN 'customer.created' ELSE 'customer.updated' END,
        public_id::text, 'customer', public_id::text, p_now,
        jsonb_build_object('customer_id', public_id::text, 'customer_ref', customer_ref, 'source', p_source)
    FROM customers_touched ORDER BY customer_id;

    SELECT count(*) FILTER (WHERE is_created), count(*) FILTER (WHERE NOT is_created)
    INTO created_count, updated_count FROM customers_touched;
    SELECT count(*) - created_count - updated_count INTO unchanged_count FROM customers_incoming;
    DROP TABLE customers_touched, customers_incoming_contact, customers_incoming, customers_incoming_consent;
    RETURN NEXT;
END $$;
