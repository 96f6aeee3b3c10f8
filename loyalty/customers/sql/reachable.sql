-- How customers are reached; it stands in a file of its own because it needs devices, which came later.

-- Contract function: whom one channel reaches for one purpose: a row per customer, with the primary address or NULL. Consent
-- alone decides, so that a customer who left can be won back; without an answer of theirs service messages are lawful and
-- marketing is not (policy.DEFAULT_CONSENT). Where the address is the customer's own place with us (devices, inbox, the
-- operator's system) it is the public id; WhatsApp reaches the telephone number unless the customer gave another. It is one
-- plain SELECT, so that the planner writes it into the statement that asks.
CREATE OR REPLACE FUNCTION customers_reachable_by(p_channel text, p_purpose text)
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
    LEFT JOIN customers_consent a ON a.customer_id = c.id AND a.channel = p_channel AND a.purpose = p_purpose
$$;

-- Contract view: the same for all channels and purposes, for who does not know them when a statement is planned.
CREATE OR REPLACE VIEW customers_reachable AS
    SELECT r.customer_id, r.public_id, r.customer_ref::varchar(100) AS customer_ref, r.first_name, r.last_name, r.language,
        r.time_zone, way.channel, r.address, way.purpose, r.is_consented
    FROM (VALUES ('email', 'marketing'), ('email', 'service'), ('sms', 'marketing'), ('sms', 'service'), ('push', 'marketing'),
        ('push', 'service'), ('in_app', 'marketing'), ('in_app', 'service'), ('webhook', 'marketing'), ('webhook', 'service'),
        ('whatsapp', 'marketing'), ('whatsapp', 'service')) AS way (channel, purpose)
    CROSS JOIN LATERAL customers_reachable_by(way.channel, way.purpose) r;
