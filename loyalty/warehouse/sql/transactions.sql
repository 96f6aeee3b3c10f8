-- Two years of bills, top-ups and purchases.
CREATE TABLE customer_transaction_history_new (
    transaction_id bigint GENERATED ALWAYS AS IDENTITY,
    customer_id uuid NOT NULL,
    occurred_at timestamptz NOT NULL,
    kind text NOT NULL,
    product_category text NOT NULL,
    channel text NOT NULL,
    amount numeric(12, 2) NOT NULL,
    currency text NOT NULL DEFAULT 'USD'
);

INSERT INTO customer_transaction_history_new (customer_id, occurred_at, kind, product_category, channel, amount)
-- Each step is materialised so that no draw is made twice; the months in which somebody was no customer go first.
WITH months AS (
    SELECT m, (w.as_of - ((m + 0.5) * 30.4)::int) AS middle, w.as_of - ((m + 1) * 30.4)::int AS first_day,
        w.as_of - (m * 30.4)::int AS last_day
    FROM world w CROSS JOIN generate_series(0, 23) m
), person_months AS MATERIALIZED (
    SELECT p.customer_id, p.n, p.plan, p.customer_since, p.churned_on, p.monthly_charges, m.m,
        p.activity * pg_temp.season(m.middle) * pg_temp.fade(p.churned_on, m.middle) AS chance
    FROM people p JOIN months m
        ON m.last_day >= p.customer_since AND (p.churned_on IS NULL OR m.first_day <= p.churned_on)
), bought AS MATERIALIZED (
    SELECT b.customer_id, b.n, b.plan, b.customer_since, b.churned_on, b.m * 10 + s.slot AS salt,
        w.as_of::timestamp AT TIME ZONE 'UTC'
            - (b.m + pg_temp.draw(b.n, 10000 + b.m * 10 + s.slot)) * interval '30.4 days' AS at,
        pg_temp.draw(b.n, 30000 + b.m * 10 + s.slot) AS draw_category,
        pg_temp.draw(b.n, 50000 + b.m * 10 + s.slot) AS draw_amount
    FROM person_months b CROSS JOIN world w
    CROSS JOIN (VALUES (1, 0.95), (2, 0.55), (3, 0.25), (4, 0.10)) AS s (slot, weight)
    WHERE pg_temp.draw(b.n, 20000 + b.m * 10 + s.slot) < least(0.97, s.weight * b.chance)
), named AS (
    SELECT *, CASE WHEN draw_category < 0.50 THEN 'airtime' WHEN draw_category < 0.80 THEN 'data'
            WHEN draw_category < 0.88 THEN 'roaming' WHEN draw_category < 0.97 THEN 'entertainment'
            ELSE 'device' END AS product_category
    FROM bought
    WHERE at >= customer_since AND (churned_on IS NULL OR at < churned_on)
), paid AS (
    SELECT customer_id, at, CASE WHEN product_category = 'airtime' THEN 'top_up' ELSE 'purchase' END AS kind,
        product_category,
        (ARRAY['app', 'ussd', 'shop', 'web'])[1 + (pg_temp.draw(n, 40000 + salt) * 4)::int % 4] AS channel,
        (round(((3 + 42 * draw_amount * draw_amount)
            * CASE product_category WHEN 'device' THEN 9 WHEN 'roaming' THEN 2.5 ELSE 1 END
            * CASE plan WHEN 'Basic' THEN 0.7 WHEN 'Premium' THEN 1.6 ELSE 1 END * 2)::numeric) / 2)::numeric(12, 2) AS amount
    FROM named
    UNION ALL
    SELECT customer_id, at, 'bill', 'subscription', 'auto', amount FROM (
        SELECT b.customer_id, b.customer_since, b.churned_on,
            w.as_of::timestamp AT TIME ZONE 'UTC'
                - (b.m * 30.4 + pg_temp.draw(b.n, 60100) * 27) * interval '1 day' AS at,
            round((b.monthly_charges::float8 * (0.97 + 0.10 * pg_temp.draw(b.n, 60000 + b.m)))::numeric, 2) AS amount
        FROM person_months b CROSS JOIN world w OFFSET 0
    ) bill
    WHERE at >= customer_since AND (churned_on IS NULL OR at < churned_on)
)
SELECT customer_id, date_trunc('second', at), kind, product_category, channel, amount
FROM paid WHERE amount > 0 ORDER BY at, customer_id;

CREATE INDEX ON customer_transaction_history_new (customer_id, occurred_at);

-- What was known of each person at the end of each of the last 24 months (month 0 ends today).
CREATE TEMP TABLE person_month ON COMMIT DROP AS
WITH monthly AS (
    SELECT t.customer_id,
        least(23, (w.as_of - (t.occurred_at AT TIME ZONE 'UTC')::date) * 10 / 304) AS m,
        sum(t.amount) AS revenue, count(*) AS transactions, max(t.occurred_at) FILTER (WHERE t.kind <> 'bill') AS last_at
    FROM customer_transaction_history_new t CROSS JOIN world w GROUP BY 1, 2
)
SELECT p.customer_id, g.m, coalesce(sum(o.revenue) OVER past, 0) AS total_revenue,
    coalesce(sum(o.transactions) OVER past, 0)::int AS transaction_count,
    ((w.as_of - (g.m * 30.4)::int) - (max(o.last_at) OVER past)::date) AS last_purchase_days_ago
FROM people p CROSS JOIN world w CROSS JOIN generate_series(0, 23) AS g (m)
LEFT JOIN monthly o ON o.customer_id = p.customer_id AND o.m = g.m
WINDOW past AS (PARTITION BY p.customer_id ORDER BY g.m DESC);
CREATE INDEX ON person_month (customer_id, m);
ANALYZE person_month;
