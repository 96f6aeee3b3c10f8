-- Which nodes people came to and left, once for each visit; by month of the leaving, so that old months go in one piece.
CREATE TABLE IF NOT EXISTS journeys_step (
    execution_id uuid NOT NULL,
    visit integer NOT NULL,
    node_id bigint NOT NULL,
    branch text NOT NULL,
    entered_at timestamptz NOT NULL,
    left_at timestamptz NOT NULL,
    result jsonb
) PARTITION BY RANGE (left_at);
CREATE INDEX IF NOT EXISTS journeys_step_execution ON journeys_step (execution_id, visit);
-- For an instant that no month was made for; nothing should lie here for long.
CREATE TABLE IF NOT EXISTS journeys_step_other PARTITION OF journeys_step DEFAULT;

-- Makes the partition of the month of an instant and of the two months after it.
CREATE OR REPLACE FUNCTION journeys_make_months(p_at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_first date := date_trunc('month', p_at AT TIME ZONE 'UTC')::date;
    v_from timestamptz;
    v_until timestamptz;
    v_name text;
BEGIN
    FOR ahead IN 0..2 LOOP
        v_from := (v_first + make_interval(months => ahead)) AT TIME ZONE 'UTC';
        v_until := (v_first + make_interval(months => ahead + 1)) AT TIME ZONE 'UTC';
        v_name := 'journeys_step_' || to_char(v_from AT TIME ZONE 'UTC', 'YYYY_MM');
        -- Rows that went to the partition for all else would refuse a partition of their own.
        IF to_regclass(v_name) IS NULL
            AND NOT EXISTS (SELECT 1 FROM journeys_step_other o WHERE o.left_at >= v_from AND o.left_at < v_until) THEN
            EXECUTE format('CREATE TABLE %I PARTITION OF journeys_step FOR VALUES FROM (%L) TO (%L)', v_name, v_from, v_until);
        END IF;
    END LOOP;
END $$;
SELECT journeys_make_months(now());
