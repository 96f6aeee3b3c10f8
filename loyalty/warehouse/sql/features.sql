-- One row per customer: what the standard columns say.
CREATE TEMP TABLE standard_features ON COMMIT DROP AS
WITH known AS (
    SELECT p.*, h.total_revenue, h.transaction_count, h.last_purchase_days_ago, w.as_of,
        pg_temp.fade(p.churned_on, w.as_of) AS fading
    FROM people p CROSS JOIN world w JOIN person_month h ON h.customer_id = p.customer_id AND h.m = 0
), scored AS (
    SELECT *, round(least(0.99, greatest(0.01, 0.60 * churn_risk
        + 0.22 * least(coalesce(last_purchase_days_ago, 365), 180) / 180.0
        + 0.12 * pg_temp.draw(n, 70001) + CASE WHEN churned_on IS NOT NULL THEN 0.15 ELSE 0 END))::numeric, 4) AS churn_score
    FROM known
)
SELECT customer_id, customer_ref,
    CASE WHEN churned_on IS NULL THEN 'active' ELSE 'churned' END AS customer_status,
    total_revenue::numeric(14, 2) AS total_revenue,
    transaction_count,
    last_purchase_days_ago,
    (total_revenue / nullif(transaction_count, 0))::numeric(12, 2) AS avg_transaction_value,
    round(0.35 * (total_revenue + CASE WHEN churned_on IS NULL THEN 24 * (1 - churn_score) * monthly_charges ELSE 0 END), 2)
        ::numeric(14, 2) AS lifetime_value,
    churn_score::numeric(5, 4) AS churn_score,
    CASE WHEN total_revenue >= 3000 THEN 'platinum' WHEN total_revenue >= 1800 THEN 'gold'
        WHEN total_revenue >= 800 THEN 'silver' ELSE 'bronze' END AS customer_tier,
    city, language, gender,
    extract(year FROM age(as_of, birth_date))::int AS age,
    birth_date, customer_since, churned_on AS churned_date, tenure_months, plan, contract, payment_method,
    internet_service, monthly_charges::numeric(12, 2) AS monthly_charges,
    round((CASE WHEN churned_on IS NOT NULL THEN 0 ELSE fading * (CASE plan WHEN 'Basic' THEN 3 WHEN 'Premium' THEN 42
        ELSE 14 END) * (0.3 + 1.4 * pg_temp.draw(n, 70002)) END)::numeric, 2)::numeric(10, 2) AS data_usage_gb,
    CASE WHEN churned_on IS NOT NULL THEN 0 ELSE (40 + 620 * pg_temp.draw(n, 70003) ^ 2)::int END AS voice_minutes,
    CASE WHEN churned_on IS NOT NULL THEN 0 ELSE (180 * pg_temp.draw(n, 70004) ^ 3)::int END AS sms_count,
    CASE WHEN churn_risk > 0.35 THEN (pg_temp.draw(n, 70005) * 5)::int ELSE (pg_temp.draw(n, 70005) * 1.6)::int END
        AS complaint_count,
    (pg_temp.draw(n, 70006) * 60)::int AS device_age_months,
    pg_temp.draw(n, 70007) < 0.62 AS has_app,
    pg_temp.draw(n, 70008) < 0.18 AS has_roaming,
    (ARRAY['app', 'ussd', 'shop', 'web'])[1 + (pg_temp.draw(n, 70009) * 4)::int % 4] AS preferred_channel,
    as_of::timestamp AT TIME ZONE 'UTC' AS updated_at
FROM scored;
