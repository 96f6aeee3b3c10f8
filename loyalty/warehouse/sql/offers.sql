-- Offers made, and how each kind of customer answered; the features are those of the month before.
CREATE TABLE customer_offer_history_new (
    offer_history_id bigint GENERATED ALWAYS AS IDENTITY,
    customer_id uuid NOT NULL,
    offer_id smallint NOT NULL,
    offer_name text NOT NULL,
    channel text NOT NULL,
    converted boolean NOT NULL,
    converted_offer_id smallint,
    total_revenue numeric(14, 2), transaction_count int, last_purchase_days_ago int,
    avg_transaction_value numeric(12, 2), monthly_charges numeric(12, 2), tenure_months int, age int, plan text,
    contract text, internet_service text, city text,
    created_at timestamptz NOT NULL
);

INSERT INTO customer_offer_history_new (customer_id, offer_id, offer_name, channel, converted, converted_offer_id,
    total_revenue, transaction_count, last_purchase_days_ago, avg_transaction_value, monthly_charges, tenure_months, age,
    plan, contract, internet_service, city, created_at)
WITH made AS (
    SELECT p.*, k, w.as_of, 1 + floor(pg_temp.draw(p.n, 80000 + k) * 8)::int AS offer_id, at.at,
        least(23, 1 + (w.as_of - (at.at AT TIME ZONE 'UTC')::date) * 10 / 304) AS m
    FROM people p CROSS JOIN world w CROSS JOIN generate_series(0, 5) k
    CROSS JOIN LATERAL (
        SELECT w.as_of::timestamp AT TIME ZONE 'UTC'
            - (k + pg_temp.draw(p.n, 80100 + k)) * interval '119 days' AS at
    ) at
    WHERE pg_temp.draw(p.n, 80200 + k) < 0.8 AND at.at >= p.customer_since
        AND (p.churned_on IS NULL OR at.at < p.churned_on)
), known AS (
    SELECT m.*, h.total_revenue, h.transaction_count, h.last_purchase_days_ago,
        extract(year FROM age(m.at, m.birth_date::timestamptz))::int AS age,
        greatest(0, m.tenure_months - ((coalesce(m.churned_on, m.as_of) - m.at::date) / 30.4)::int) AS tenure_then
    FROM made m JOIN person_month h ON h.customer_id = m.customer_id AND h.m = m.m
), answered AS (
    SELECT *, pg_temp.draw(n, 80300 + k) < CASE offer_id
        WHEN 1 THEN 0.08 + CASE WHEN plan = 'Premium' OR age < 35 THEN 0.27 ELSE 0 END
        WHEN 2 THEN 0.05 + CASE WHEN total_revenue > 1500 THEN 0.22 ELSE 0 END
        WHEN 3 THEN 0.06 + CASE WHEN age BETWEEN 30 AND 55 THEN 0.22 ELSE 0 END
        WHEN 4 THEN 0.05 + CASE WHEN tenure_then > 24 THEN 0.26 ELSE 0 END
        WHEN 5 THEN 0.08 + 0.40 * churn_risk
        WHEN 6 THEN 0.06 + CASE WHEN age < 30 AND internet_service <> 'No' THEN 0.30 ELSE 0 END
        WHEN 7 THEN 0.05 + CASE WHEN internet_service = 'DSL' THEN 0.30 ELSE 0 END
        ELSE 0.05 + CASE WHEN age > 60 THEN 0.32 ELSE 0 END END AS converted
    FROM known
)
SELECT customer_id, offer_id,
    (ARRAY['Extra data', 'Roaming pass', 'Family plan', 'Device upgrade', 'Loyalty discount', 'Streaming bundle',
        'Fibre upgrade', 'Senior voice'])[offer_id],
    (ARRAY['email', 'sms', 'push', 'shop'])[1 + (pg_temp.draw(n, 80400 + k) * 4)::int % 4],
    converted, CASE WHEN converted THEN offer_id END, total_revenue, transaction_count, last_purchase_days_ago,
    (total_revenue / nullif(transaction_count, 0))::numeric(12, 2), monthly_charges, tenure_then, age, plan, contract,
    internet_service, city, date_trunc('second', at)
FROM answered ORDER BY at, customer_id;
CREATE INDEX ON customer_offer_history_new (customer_id, created_at);
