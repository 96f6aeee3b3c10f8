-- Contract views: what other domains may join in their own SQL.

CREATE OR REPLACE VIEW customers_directory AS
    SELECT id AS customer_id, public_id, customer_ref, first_name, last_name, status, language, time_zone
    FROM customers_customer;

-- One row per customer, channel and purpose, with the primary address or NULL. Consent alone decides, so that a
-- customer who left can be won back; without an answer of theirs service messages are lawful and marketing is not
-- (policy.DEFAULT_CONSENT).
CREATE OR REPLACE VIEW customers_reachable AS
    SELECT c.id AS customer_id, c.public_id, c.customer_ref, c.first_name::text, c.last_name::text, c.language::text,
        c.time_zone::text, way.channel, p.address::text, way.purpose,
        coalesce(a.is_granted, way.is_granted_by_default) AS is_consented
    FROM customers_customer c
    CROSS JOIN (VALUES ('email', 'marketing', false), ('email', 'service', true), ('sms', 'marketing', false),
        ('sms', 'service', true), ('push', 'marketing', false), ('push', 'service', true)
    ) AS way (channel, purpose, is_granted_by_default)
    LEFT JOIN customers_contactpoint p ON p.customer_id = c.id AND p.channel = way.channel AND p.is_primary
    LEFT JOIN customers_consent a ON a.customer_id = c.id AND a.channel = way.channel AND a.purpose = way.purpose;

CREATE OR REPLACE FUNCTION customers_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the history of consents is append-only';
END $$;

DROP TRIGGER IF EXISTS customers_consentchange_append_only ON customers_consentchange;
CREATE TRIGGER customers_consentchange_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON customers_consentchange
    FOR EACH STATEMENT EXECUTE FUNCTION customers_refuse_change();
