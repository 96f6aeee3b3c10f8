-- Two years of bills, top-ups and purchases. Each step is materialised so that no draw is made twice, the months in
-- which somebody was no customer go first, and money is counted in whole cents until the end, which is exact and fast.
CREATE TABLE customer_transaction_history_new (
    transaction_id bigint GENERATED ALWAYS AS IDENTITY (CACHE 1000),
    customer_id uuid NOT NULL,
    occurred_at timestamptz NOT NULL,
    kind text NOT NULL,
    product_category text NOT NULL,
    channel text NOT NULL,
    amount numeric(12, 2) NOT NULL,
    currency text NOT NULL DEFAULT 'USD'
);

CREATE TEMP TABLE paid ON COMMIT DROP AS
WITH months AS (
    SELECT m, (w.as_of - ((m + 0.5) * 30.4)::int) AS middle, w.as_of - ((m + 1) * 30.4)::int AS first_day,
        w.as_of - (m * 30.4)::int AS last_day, w.as_of::timestamp AT TIME ZONE 'UTC' AS ends_at
    FROM world w CROSS JOIN generate_series(0, 23) m
), person_months AS MATERIALIZED (
    SELECT p.customer_id, p.n, p.plan, p.customer_since, p.churned_on, p.monthly_charges::float8 AS charges, m.m, m.ends_at,
        p.activity * pg_temp.season(m.middle) * pg_temp.fade(p.churned_on, m.middle) AS chance
    FROM people p JOIN months m
        ON m.last_day >= p.customer_since AND (p.churned_on IS NULL OR m.first_day <= p.churned_on)
), bought AS MATERIALIZED (
    SELECT b.customer_id, b.n, b.plan, b.customer_since, b.churned_on, b.m * 10 + s.slot AS salt,
        b.ends_at - (b.m + pg_temp.draw(b.n, 10000 + b.m * 10 + s.slot)) * interval '30.4 days' AS at,
        pg_temp.draw(b.n, 30000 + b.m * 10 + s.slot) AS draw_category,
        pg_temp.draw(b.n, 50000 + b.m * 10 + s.slot) AS draw_amount
    FROM person_months b
    CROSS JOIN (VALUES (1, 0.95), (2, 0.55), (3, 0.25), (4, 0.10)) AS s (slot, weight)
    WHERE pg_temp.draw(b.n, 20000 + b.m * 10 + s.slot) < least(0.97, s.weight * b.chance)
), billed AS MATERIALIZED (
    SELECT b.customer_id, b.customer_since, b.churned_on,
        b.ends_at - (b.m * 30.4 + pg_temp.draw(b.n, 60100) * 27) * interval '1 day' AS at,
        round(b.charges * (97 + 10 * pg_temp.draw(b.n, 60000 + b.m)))::int AS cents
    FROM person_months b
)
SELECT customer_id, date_trunc('second', at) AS at, (at AT TIME ZONE 'UTC')::date AS day,
    CASE WHEN draw_category < 0.50 THEN 'airtime' WHEN draw_category < 0.80 THEN 'data'
        WHEN draw_category < 0.88 THEN 'roaming' WHEN draw_category < 0.97 THEN 'entertainment' ELSE 'device'
        END AS product_category,
    (ARRAY['app', 'ussd', 'shop', 'web'])[1 + (pg_temp.draw(n, 40000 + salt) * 4)::int % 4] AS channel,
    round((3 + 42 * draw_amount * draw_amount) * 2
        * CASE WHEN draw_category >= 0.97 THEN 9 WHEN draw_category BETWEEN 0.80 AND 0.88 THEN 2.5 ELSE 1 END
        * CASE plan WHEN 'Basic' THEN 0.7 WHEN 'Premium' THEN 1.6 ELSE 1 END)::int * 50 AS cents
FROM bought WHERE at >= customer_since AND (churned_on IS NULL OR at < churned_on)
UNION ALL
SELECT customer_id, date_trunc('second', at), (at AT TIME ZONE 'UTC')::date, 'subscription', 'auto', cents
FROM billed WHERE at >= customer_since AND (churned_on IS NULL OR at < churned_on) AND cents > 0;

INSERT INTO customer_transaction_history_new (customer_id, occurred_at, kind, product_category, channel, amount)
SELECT customer_id, at, CASE product_category WHEN 'subscription' THEN 'bill' WHEN 'airtime' THEN 'top_up'
    ELSE 'purchase' END, product_category, channel, cents / 100.0
FROM paid ORDER BY at, customer_id;

CREATE INDEX ON customer_transaction_history_new (customer_id, occurred_at);

-- What was known of each person at the end of each of the last 24 months (month 0 ends today).
CREATE TEMP TABLE person_month ON COMMIT DROP AS
WITH monthly AS (
    SELECT t.customer_id, least(23, (w.as_of - t.day) * 10 / 304) AS m, sum(t.cents)::bigint AS cents, count(*) AS transactions,
        max(t.day) FILTER (WHERE t.product_category <> 'subscription') AS last_day
    FROM paid t CROSS JOIN world w GROUP BY 1, 2
), running AS (
    SELECT p.customer_id, g.m, coalesce(sum(o.cents) OVER past, 0) AS cents,
        coalesce(sum(o.transactions) OVER past, 0)::int AS transaction_count, max(o.last_day) OVER past AS last_day
    FROM people p CROSS JOIN generate_series(0, 23) AS g (m)
    LEFT JOIN monthly o ON o.customer_id = p.customer_id AND o.m = g.m
    WINDOW past AS (PARTITION BY p.customer_id ORDER BY g.m DESC)
)
SELECT r.customer_id, r.m, (r.cents / 100)::numeric(14, 2) AS total_revenue, r.transaction_count,
    (w.as_of - (r.m * 30.4)::int) - r.last_day AS last_purchase_days_ago
FROM running r CROSS JOIN world w;
CREATE INDEX ON person_month (customer_id, m);
ANALYZE person_month;
