-- The calendar of qualification; policy/calendar.py says the same in Python and a test compares the two.

-- The number of the period of a day: period k begins at anchor + k * months, counted from the anchor each time, so that a
-- 31st or a 29th of February does not drift.
CREATE OR REPLACE FUNCTION tiers_period_number(p_anchor date, p_months integer, p_day date)
RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT n - ((p_anchor + make_interval(months => n * p_months))::date > p_day)::integer
    FROM (SELECT floor(((extract(year FROM p_day) - extract(year FROM p_anchor)) * 12
        + extract(month FROM p_day) - extract(month FROM p_anchor)) / p_months)::integer AS n) x
$$;

CREATE OR REPLACE FUNCTION tiers_period_begin(p_anchor date, p_months integer, p_number integer)
RETURNS date LANGUAGE sql IMMUTABLE AS $$
    SELECT (p_anchor + make_interval(months => p_number * p_months))::date
$$;

-- What counts on a day, [counts_from, counts_until), until when a tier reached by it is kept (exclusive), until when a
-- member that fell by one step keeps that step, and the period around the day. `p_window` is lifetime, rolling or period.
CREATE OR REPLACE FUNCTION tiers_window(
    p_window text, p_months integer, p_anchor date, p_is_next boolean, p_is_long boolean, p_day date)
RETURNS TABLE (counts_from date, counts_until date, kept_until date, step_until date, period_start date, period_end date)
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    v_month date := date_trunc('month', p_day)::date;
    v_last date := CASE WHEN p_is_next THEN v_month - 1 ELSE p_day END;
    v_number integer;
BEGIN
    period_end := (v_month + interval '1 month')::date;
    IF p_window = 'lifetime' THEN
        counts_from := '0001-01-01';
        counts_until := v_last + 1;
        kept_until := '9999-12-31';
        step_until := '9999-12-31';
        period_start := '0001-01-01';
    ELSIF p_window = 'rolling' THEN
        counts_from := (v_last - make_interval(months => p_months))::date + 1;
        counts_until := v_last + 1;
        kept_until := CASE WHEN p_is_long AND p_is_next THEN (v_month + make_interval(months => p_months))::date
            WHEN p_is_long THEN (p_day + make_interval(months => p_months))::date
            WHEN p_is_next THEN period_end ELSE p_day + 1 END;
        step_until := (p_day + make_interval(months => p_months))::date;
        period_start := date_trunc('year', p_day)::date;
    ELSE
        v_number := tiers_period_number(p_anchor, p_months, p_day);
        period_start := tiers_period_begin(p_anchor, p_months, v_number);
        period_end := tiers_period_begin(p_anchor, p_months, v_number + 1);
        counts_from := CASE WHEN p_is_next THEN tiers_period_begin(p_anchor, p_months, v_number - 1) ELSE period_start END;
        counts_until := CASE WHEN p_is_next THEN period_start ELSE p_day + 1 END;
        kept_until := CASE WHEN p_is_long THEN tiers_period_begin(p_anchor, p_months, v_number + 2) ELSE period_end END;
        step_until := period_end;
    END IF;
    RETURN NEXT;
END $$;
