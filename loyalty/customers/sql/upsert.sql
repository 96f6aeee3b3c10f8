-- Take a batch of customers in. The caller filled the temporary tables customers_incoming and
-- customers_incoming_consent in this transaction. One batch at a time: a customer is unique by reference and by public id,
-- and ON CONFLICT arbitrates by one index only, so two batches that bring the same new customer at once would break on the
-- other.
-- A row with told_at is an import's, which tells the whole profile as of that instant; one without is made of events, whose
-- fields the caller has compared one by one. Of the channels in gone the customer has no address any more.
CREATE OR REPLACE FUNCTION customers_upsert(p_source text, p_now timestamptz)
RETURNS TABLE (created_count bigint, updated_count bigint, unchanged_count bigint) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('customers.upsert', 0));
    CREATE TEMP TABLE customers_touched (
        customer_id bigint PRIMARY KEY, public_id uuid, customer_ref text, is_created boolean
    ) ON COMMIT DROP;

    -- What an event told after the instant of the import stands.
    UPDATE customers_incoming i SET
        first_name = CASE WHEN (m.marks -> 'first_name' ->> 0)::timestamptz > i.told_at THEN c.first_name ELSE i.first_name END,
        last_name = CASE WHEN (m.marks -> 'last_name' ->> 0)::timestamptz > i.told_at THEN c.last_name ELSE i.last_name END,
        status = CASE WHEN (m.marks -> 'status' ->> 0)::timestamptz > i.told_at THEN c.status ELSE i.status END,
        language = CASE WHEN (m.marks -> 'language' ->> 0)::timestamptz > i.told_at THEN c.language ELSE i.language END,
        time_zone = CASE WHEN (m.marks -> 'time_zone' ->> 0)::timestamptz > i.told_at THEN c.time_zone ELSE i.time_zone END,
        city = CASE WHEN (m.marks -> 'city' ->> 0)::timestamptz > i.told_at THEN c.city ELSE i.city END,
        gender = CASE WHEN (m.marks -> 'gender' ->> 0)::timestamptz > i.told_at THEN c.gender ELSE i.gender END,
        birth_date = CASE WHEN (m.marks -> 'birth_date' ->> 0)::timestamptz > i.told_at THEN c.birth_date ELSE i.birth_date END,
        customer_since = CASE WHEN (m.marks -> 'customer_since' ->> 0)::timestamptz > i.told_at THEN c.customer_since
            ELSE i.customer_since END,
        -- An address that is not told stays as it is.
        email = CASE WHEN (m.marks -> 'email' ->> 0)::timestamptz > i.told_at THEN '' ELSE i.email END,
        phone = CASE WHEN (m.marks -> 'phone' ->> 0)::timestamptz > i.told_at THEN '' ELSE i.phone END,
        push_token = CASE WHEN (m.marks -> 'push_token' ->> 0)::timestamptz > i.told_at THEN '' ELSE i.push_token END
    FROM customers_customer c JOIN customers_profile_mark m ON m.customer_id = c.id
    WHERE c.customer_ref = i.customer_ref AND m.latest_at > i.told_at;

    WITH written AS (
        INSERT INTO customers_customer AS c (public_id, customer_ref, first_name, last_name, status, language,
            time_zone, city, gender, birth_date, customer_since, source, told_at, updated_at)
        SELECT i.public_id, i.customer_ref, i.first_name, i.last_name, i.status, i.language, i.time_zone, i.city,
            i.gender, i.birth_date, i.customer_since, p_source, i.told_at, p_now
        FROM customers_incoming i ORDER BY i.customer_ref
        ON CONFLICT (customer_ref) DO UPDATE SET first_name = excluded.first_name, last_name = excluded.last_name,
            status = excluded.status, language = excluded.language, time_zone = excluded.time_zone,
            city = excluded.city, gender = excluded.gender, birth_date = excluded.birth_date,
            customer_since = excluded.customer_since, told_at = greatest(c.told_at, excluded.told_at),
            version = c.version + 1, updated_at = p_now
        WHERE (c.first_name, c.last_name, c.status, c.language, c.time_zone, c.city, c.gender, c.birth_date,
            c.customer_since) IS DISTINCT FROM (excluded.first_name, excluded.last_name, excluded.status,
            excluded.language, excluded.time_zone, excluded.city, excluded.gender, excluded.birth_date,
            excluded.customer_since)
        RETURNING c.id, c.public_id, c.customer_ref, (xmax = 0) AS is_created
    )
    INSERT INTO customers_touched SELECT id, public_id, customer_ref, is_created FROM written;

    -- Whoever has marks of events is told anew by the import even where nothing changed; older marks say nothing more then.
    UPDATE customers_customer c SET told_at = greatest(c.told_at, i.told_at)
    FROM customers_incoming i, customers_profile_mark m
    WHERE c.customer_ref = i.customer_ref AND m.customer_id = c.id AND i.told_at IS NOT NULL;
    DELETE FROM customers_profile_mark m USING customers_incoming i, customers_customer c
    WHERE c.customer_ref = i.customer_ref AND m.customer_id = c.id AND m.latest_at <= i.told_at;

    WITH emptied AS (
        UPDATE customers_contactpoint p SET is_primary = false
        FROM customers_incoming i JOIN customers_customer c USING (customer_ref)
        WHERE p.customer_id = c.id AND p.is_primary AND p.channel = ANY (i.gone)
        RETURNING p.customer_id
    )
    INSERT INTO customers_touched SELECT DISTINCT c.id, c.public_id, c.customer_ref, false
    FROM emptied e JOIN customers_customer c ON c.id = e.customer_id
    ON CONFLICT DO NOTHING;
    UPDATE customers_device d SET disabled_at = p_now, disabled_reason = 'source', version = d.version + 1
    FROM customers_incoming i JOIN customers_customer c USING (customer_ref)
    WHERE 'push' = ANY (i.gone) AND d.customer_id = c.id AND d.device_ref = 'source' AND d.disabled_at IS NULL;

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

    -- An answer that the customer gave us later than the source's stands. Several answers of one batch go into the history in
    -- the order of their instants; the same answer again renews the instant and is no change. The customers' rows are locked
    -- since they were written above, so nobody answers in between.
    CREATE TEMP TABLE customers_answered ON COMMIT DROP AS
        SELECT t.customer_id, t.channel, t.purpose, t.is_granted, t.changed_at,
            lead(t.changed_at) OVER way IS NULL AS is_last,
            coalesce(lag(t.is_granted) OVER way, t.held) IS DISTINCT FROM t.is_granted AS is_change
        FROM (
            SELECT DISTINCT ON (c.id, i.channel, i.purpose, i.changed_at)
                c.id AS customer_id, i.channel, i.purpose, i.is_granted, i.changed_at, a.is_granted AS held
            FROM customers_incoming_consent i JOIN customers_customer c USING (customer_ref)
            LEFT JOIN customers_consent a ON a.customer_id = c.id AND a.channel = i.channel AND a.purpose = i.purpose
            WHERE a.id IS NULL OR a.changed_at < i.changed_at
            ORDER BY c.id, i.channel, i.purpose, i.changed_at, i.place DESC
        ) t
        WINDOW way AS (PARTITION BY t.customer_id, t.channel, t.purpose ORDER BY t.changed_at);

    INSERT INTO customers_consent AS a (customer_id, channel, purpose, is_granted, source, changed_at)
    SELECT customer_id, channel, purpose, is_granted, p_source, changed_at FROM customers_answered WHERE is_last
    ORDER BY customer_id, channel, purpose
    ON CONFLICT (customer_id, channel, purpose) DO UPDATE
    SET is_granted = excluded.is_granted, source = excluded.source, changed_at = excluded.changed_at;

    INSERT INTO customers_consentchange (customer_id, channel, purpose, is_granted, source, changed_at)
    SELECT customer_id, channel, purpose, is_granted, p_source, changed_at FROM customers_answered WHERE is_change
    ORDER BY customer_id, changed_at, channel, purpose;

    -- Of somebody who was known before, others hear of each answer by itself; who is new comes with all of them.
    INSERT INTO events_outbox (event_id, type, key, subject_kind, subject_ref, occurred_at, data)
    SELECT gen_random_uuid(), CASE WHEN n.is_granted THEN 'consent.granted' ELSE 'consent.withdrawn' END,
        c.public_id::text, 'customer', c.public_id::text, n.changed_at,
        jsonb_build_object('customer_id', c.public_id::text, 'customer_ref', c.customer_ref, 'channel', n.channel,
            'purpose', n.purpose, 'source', p_source)
    FROM customers_answered n JOIN customers_customer c ON c.id = n.customer_id
    WHERE n.is_change AND NOT EXISTS (SELECT FROM customers_touched t WHERE t.customer_id = n.customer_id AND t.is_created)
    ORDER BY n.customer_id, n.changed_at, n.channel, n.purpose;

    INSERT INTO customers_touched
    SELECT DISTINCT c.id, c.public_id, c.customer_ref, false
    FROM customers_answered n JOIN customers_customer c ON c.id = n.customer_id WHERE n.is_change
    ON CONFLICT DO NOTHING;

    INSERT INTO events_outbox (event_id, type, key, subject_kind, subject_ref, occurred_at, data)
    SELECT gen_random_uuid(), CASE WHEN is_created THEN 'customer.created' ELSE 'customer.updated' END,
        public_id::text, 'customer', public_id::text, p_now,
        jsonb_build_object('customer_id', public_id::text, 'customer_ref', customer_ref, 'source', p_source)
    FROM customers_touched ORDER BY customer_id;

    SELECT count(*) FILTER (WHERE is_created), count(*) FILTER (WHERE NOT is_created)
    INTO created_count, updated_count FROM customers_touched;
    SELECT count(*) - created_count - updated_count INTO unchanged_count FROM customers_incoming;
    DROP TABLE customers_touched, customers_answered, customers_incoming_contact, customers_incoming, customers_incoming_consent;
    RETURN NEXT;
END $$;
