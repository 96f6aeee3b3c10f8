-- Quarterly snapshots of everyone who was a customer then, and whether they left within 90 days. The youngest is 90
-- days old, because of a younger one nobody knows the answer yet.
CREATE TABLE customer_churn_history_new (
    churn_history_id bigint GENERATED ALWAYS AS IDENTITY,
    customer_id uuid NOT NULL,
    churned boolean NOT NULL,
    churn_date date,
    total_revenue numeric(14, 2), transaction_count int, last_purchase_days_ago int,
    avg_transaction_value numeric(12, 2), monthly_charges numeric(12, 2), tenure_months int, age int, plan text,
    contract text, payment_method text, internet_service text, city text,
    snapshot_date date NOT NULL
);

INSERT INTO customer_churn_history_new (customer_id, churned, churn_date, total_revenue, transaction_count,
    last_purchase_days_ago, avg_transaction_value, monthly_charges, tenure_months, age, plan, contract, payment_method,
    internet_service, city, snapshot_date)
SELECT p.customer_id, coalesce(p.churned_on < taken.day + 90, false),
    CASE WHEN p.churned_on < taken.day + 90 THEN p.churned_on END,
    h.total_revenue, h.transaction_count, h.last_purchase_days_ago,
    (h.total_revenue / nullif(h.transaction_count, 0))::numeric(12, 2), p.monthly_charges,
    greatest(0, p.tenure_months - ((coalesce(p.churned_on, w.as_of) - taken.day) / 30.4)::int),
    extract(year FROM age(taken.day, p.birth_date))::int, p.plan, p.contract, p.payment_method, p.internet_service, p.city,
    taken.day
FROM people p CROSS JOIN world w CROSS JOIN generate_series(3, 21, 3) AS g (ago)
CROSS JOIN LATERAL (SELECT w.as_of - (g.ago * 30.4)::int AS day) taken
JOIN person_month h ON h.customer_id = p.customer_id AND h.m = g.ago
WHERE p.customer_since <= taken.day AND (p.churned_on IS NULL OR p.churned_on > taken.day)
ORDER BY taken.day, p.customer_id;
CREATE INDEX ON customer_churn_history_new (customer_id, snapshot_date);
