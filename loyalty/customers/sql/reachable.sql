-- How customers are reached; it stands in a file of its own because it needs devices, which came later.

-- Contract function: whom one channel reaches for one purpose, of the customers whose ids lie from p_from to before p_until, so
-- that each table is read in one stretch where most of them are asked for. A row per customer, with the primary address or NULL.
-- Consent alone decides, so that a customer who left can be won back; without an answer of theirs service messages are lawful
-- and marketing is not (policy.DEFAULT_CONSENT). Where the address is the customer's own place with us (devices, inbox, the
-- operator's system) it is the public id; WhatsApp reaches the telephone number unless the customer gave another. It is one
-- plain SELECT, so that the planner writes it into the statement that asks.
CREATE OR REPLACE FUNCTION customers_reachable_within(p_channel text, p_purpose text, p_from bigint, p_until bigint)
RETURNS TABLE (customer_id bigint, public_id uuid, customer_ref text, first_name text, last_name text, language text,
    time_zone text, address text, is_consented boolean)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT c.id, c.public_id, c.customer_ref::text, c.first_name::text, c.last_name::text, c.language::text, c.time_zone::text,
        CASE p_channel
            WHEN 'push' THEN (SELECT c.public_id::text FROM customers_device d
                WHERE d.customer_id = c.id AND d.disabled_at IS NULL LIMIT 1)
            WHEN 'whatsapp' THEN coalesce(p.address::text, (SELECT s.address::text FROM customers_contactpoint s
                WHERE s.customer_id = c.id AND s.channel = 'sms' AND s.is_primary))
            WHEN 'in_app' THEN c.public_id::text
            WHEN 'webhook' THEN c.public_id::text
            ELSE p.address::text END,
        coalesce(a.is_granted, p_purpose = 'service')
    FROM customers_customer c
    LEFT JOIN customers_contactpoint p ON p.customer_id = c.id AND p.channel = p_channel AND p.is_primary
        AND p.customer_id >= p_from AND p.customer_id < p_until
    LEFT JOIN customers_consent a ON a.customer_id = c.id AND a.channel = p_channel AND a.purpose = p_purpose
        AND a.customer_id >= p_from AND a.customer_id < p_until
    WHERE c.id >= p_from AND c.id < p_until
$$;

-- Contract function: the same for all customers.
CREATE OR REPLACE FUNCTION customers_reachable_by(p_channel text, p_purpose text)
RETURNS TABLE (customer_id bigint, public_id uuid, customer_ref text, first_name text, last_name text, language text,
    time_zone text, address text, is_consented boolean)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT * FROM customers_reachable_within(p_channel, p_purpose, 0, 9223372036854775807)
$$;

-- Contract view: the same for every channel and purpose, for who asks for single customers whose way stands in their row. It is
-- written out: made of the function it would be planned as a whole, over all customers, wherever it is joined from outside (LEFT JOIN).
-- A test compares the two over all twelve ways.
CREATE OR REPLACE VIEW customers_reachable AS
    SELECT c.id AS customer_id, c.public_id, c.customer_ref, c.first_name::text, c.last_name::text, c.language::text,
        c.time_zone::text, way.channel,
        CASE way.channel
            WHEN 'push' THEN (SELECT c.public_id::text FROM customers_device d
                WHERE d.customer_id = c.id AND d.disabled_at IS NULL LIMIT 1)
            WHEN 'whatsapp' THEN coalesce(p.address::text, (SELECT s.address::text FROM customers_contactpoint s
                WHERE s.customer_id = c.id AND s.channel = 'sms' AND s.is_primary))
            WHEN 'in_app' THEN c.public_id::text
            WHEN 'webhook' THEN c.public_id::text
            ELSE p.address::text END AS address,
        way.purpose,
        coalesce(a.is_granted, way.is_granted_by_default) AS is_consented
    FROM customers_customer c
    CROSS JOIN (VALUES ('email', 'marketing', false), ('email', 'service', true), ('sms', 'marketing', false),
        ('sms', 'service', true), ('push', 'marketing', false), ('push', 'service', true),
        ('in_app', 'marketing', false), ('in_app', 'service', true), ('webhook', 'marketing', false),
        ('webhook', 'service', true), ('whatsapp', 'marketing', false), ('whatsapp', 'service', true)
    ) AS way (channel, purpose, is_granted_by_default)
    LEFT JOIN customers_contactpoint p ON p.customer_id = c.id AND p.channel = way.channel AND p.is_primary
    LEFT JOIN customers_consent a ON a.customer_id = c.id AND a.channel = way.channel AND a.purpose = way.purpose;
