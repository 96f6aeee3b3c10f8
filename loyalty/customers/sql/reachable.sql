-- Contract view of whom a message may reach; it stands in a file of its own because it needs devices, which came later.

-- One row per customer, channel and purpose, with the primary address or NULL. Consent alone decides, so that a
-- customer who left can be won back; without an answer of theirs service messages are lawful and marketing is not
-- (policy.DEFAULT_CONSENT). Where the address is the customer's own place with us (devices, inbox, the operator's system) it
-- is the public id; WhatsApp reaches the telephone number unless the customer gave another.
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
