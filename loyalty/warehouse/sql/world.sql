-- What the history is drawn from. ``draw`` gives a number from 0 until before 1 that hangs on the person and the
-- salt only: the same seed number gives the same warehouse.
CREATE TEMP TABLE world (seed bigint NOT NULL, as_of date NOT NULL) ON COMMIT DROP;

CREATE TEMP TABLE people (
    customer_id uuid NOT NULL, customer_ref text NOT NULL, first_name text, last_name text, gender text,
    birth_date date, city text, language text, time_zone text, customer_since date, churned_on date,
    tenure_months int, plan text, contract text, payment_method text, internet_service text,
    monthly_charges numeric(12, 2), activity float8, churn_risk float8, n bigint
) ON COMMIT DROP;

CREATE FUNCTION pg_temp.draw(n bigint, salt bigint) RETURNS float8 LANGUAGE sql IMMUTABLE AS
$$ SELECT (hashint8extended(n, salt) & 4503599627370495)::float8 / 4503599627370496 $$;

-- Holidays sell, February does not.
CREATE FUNCTION pg_temp.season(day date) RETURNS float8 LANGUAGE sql IMMUTABLE AS
$$ SELECT ('{0.92,0.84,0.96,1.00,1.02,1.08,1.16,1.20,0.98,0.94,1.06,1.34}'::float8[])[extract(month FROM day)::int] $$;

-- Who leaves fades before: the last month holds a fifth of what was usual.
CREATE FUNCTION pg_temp.fade(churned_on date, day date) RETURNS float8 LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE WHEN churned_on IS NULL THEN 1 ELSE least(1.0, greatest(0.2, 0.2 + 0.8 * (churned_on - day) / 120.0)) END $$;
