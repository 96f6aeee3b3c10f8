-- Contract function: the rows of customers_reachable of one channel and one purpose. Where both are known when a statement is
-- planned, only the tables of that channel are looked at, while the view goes through all twelve ways for each customer. It is
-- one plain SELECT, so that the planner writes it into the statement that asks; a test compares the two.
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
