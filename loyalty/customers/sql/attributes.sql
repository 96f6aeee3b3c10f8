-- Attributes of customers: the contract view that features read, and the one way in which values are set.

CREATE OR REPLACE VIEW customers_attribute_facts AS
    SELECT c.public_id AS customer_id, v.data
    FROM customers_attribute_values v JOIN customers_customer c ON c.id = v.customer_id;

-- Sets attributes of a set of customers in one statement; gives what became of each, by its place in the arrays (from 1). A JSON
-- null takes the value away. Each is written down once for its key, with the value before it; one that is asked again under its key
-- does nothing and gives what it gave first. Of several for one attribute of one customer each stands on the one before. Whoever
-- calls this holds the customers' rows (`holding.hold_many`), so that nobody else sets, merges or erases meanwhile.
CREATE OR REPLACE FUNCTION customers_set_attributes(
    p_customers bigint[], p_attributes bigint[], p_values jsonb[], p_keys text[], p_source text, p_actor text, p_now timestamptz)
RETURNS TABLE (place bigint, value jsonb, previous jsonb) LANGUAGE sql AS $$
    WITH asked AS MATERIALIZED (
        SELECT i.place, i.customer_id, i.attribute_id, a.code, i.value, nullif(i.key, '') AS key
        FROM unnest(p_customers, p_attributes, p_values, p_keys) WITH ORDINALITY
            AS i (customer_id, attribute_id, value, key, place)
        JOIN customers_attribute a ON a.id = i.attribute_id
    ), known AS MATERIALIZED (
        SELECT k.key, k.value, k.previous FROM customers_attribute_change k WHERE k.key IN (SELECT a.key FROM asked a)
    ), fresh AS MATERIALIZED (
        SELECT a.*, coalesce(lag(a.value) OVER same, v.data -> a.code, 'null'::jsonb) AS previous,
            lead(a.place) OVER same IS NULL AS is_last
        FROM asked a LEFT JOIN customers_attribute_values v ON v.customer_id = a.customer_id
        WHERE NOT EXISTS (SELECT FROM known k WHERE k.key = a.key)
        WINDOW same AS (PARTITION BY a.customer_id, a.attribute_id ORDER BY a.place)
    ), logged AS (
        INSERT INTO customers_attribute_change (customer_id, attribute_id, value, previous, source, actor, key, changed_at)
        SELECT f.customer_id, f.attribute_id, f.value, f.previous, p_source, p_actor, f.key, p_now FROM fresh f ORDER BY f.place
    ), stored AS (
        INSERT INTO customers_attribute_values AS v (customer_id, data, changed_at)
        SELECT f.customer_id, jsonb_strip_nulls(coalesce(o.data, '{}') || jsonb_object_agg(f.code, f.value)), p_now
        FROM fresh f LEFT JOIN customers_attribute_values o ON o.customer_id = f.customer_id
        WHERE f.is_last GROUP BY f.customer_id, o.data ORDER BY f.customer_id
        ON CONFLICT (customer_id) DO UPDATE SET data = excluded.data, changed_at = excluded.changed_at
            WHERE excluded.data <> v.data
    ), told AS (
        INSERT INTO events_outbox (event_id, type, key, subject_kind, subject_ref, occurred_at, data)
        SELECT CASE WHEN f.key IS NULL THEN gen_random_uuid() ELSE md5('customer.attribute_changed ' || f.key)::uuid END,
            'customer.attribute_changed', c.public_id::text, 'customer', c.public_id::text, p_now,
            jsonb_build_object('customer_id', c.public_id, 'attribute', f.code, 'value', f.value #>> '{}',
                'previous_value', f.previous #>> '{}', 'source', p_source)
        FROM fresh f JOIN customers_customer c ON c.id = f.customer_id
        WHERE f.value <> f.previous ORDER BY f.place
    )
    SELECT a.place, coalesce(k.value, f.value), coalesce(k.previous, f.previous)
    FROM asked a LEFT JOIN known k ON k.key = a.key LEFT JOIN fresh f ON f.place = a.place;
$$;
