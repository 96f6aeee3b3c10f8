-- Gives the number of a JSON value, whether it was written as a number or as a plain decimal text; NULL for all else, so that
-- what anybody sent in never breaks a statement.
CREATE OR REPLACE FUNCTION events_number(p_value jsonb) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE jsonb_typeof(p_value)
        WHEN 'number' THEN p_value::numeric
        WHEN 'string' THEN CASE WHEN p_value #>> '{}' ~ '^\s*[+-]?\d{1,30}(\.\d{1,30})?\s*$' THEN (p_value #>> '{}')::numeric END
    END
$$;

-- Gives the text of a JSON text; NULL for all else.
CREATE OR REPLACE FUNCTION events_text(p_value jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE jsonb_typeof(p_value) WHEN 'string' THEN p_value #>> '{}' END
$$;

-- Gives yes or no of a JSON boolean; NULL for all else.
CREATE OR REPLACE FUNCTION events_boolean(p_value jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE jsonb_typeof(p_value) WHEN 'boolean' THEN p_value::boolean END
$$;

-- Gives the day of a JSON text such as "2026-11-20"; NULL for all else, days that are in no calendar among it.
CREATE OR REPLACE FUNCTION events_date(p_value jsonb) RETURNS date LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    IF jsonb_typeof(p_value) = 'string' AND p_value #>> '{}' ~ '^\d{4}-\d{2}-\d{2}$' THEN
        RETURN make_date(left(p_value #>> '{}', 4)::int, substr(p_value #>> '{}', 6, 2)::int, right(p_value #>> '{}', 2)::int);
    END IF;
    RETURN NULL;
EXCEPTION WHEN datetime_field_overflow THEN
    RETURN NULL;
END $$;

-- Gives the instant of a JSON text in RFC 3339; without an offset it is meant in UTC. NULL for all else.
CREATE OR REPLACE FUNCTION events_instant(p_value jsonb) RETURNS timestamptz LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    IF jsonb_typeof(p_value) <> 'string'
        OR p_value #>> '{}' !~ '^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?$' THEN
        RETURN NULL;
    END IF;
    IF p_value #>> '{}' ~ '(Z|[+-]\d{2}:?\d{2})$' THEN
        RETURN (p_value #>> '{}')::timestamptz;
    END IF;
    RETURN (p_value #>> '{}')::timestamp AT TIME ZONE 'UTC';
EXCEPTION WHEN datetime_field_overflow OR invalid_datetime_format OR invalid_time_zone_displacement_value THEN
    RETURN NULL;
END $$;

-- Gives the members of a JSON list that are texts, or numbers; NULL when it is no list.
CREATE OR REPLACE FUNCTION events_texts(p_value jsonb) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE jsonb_typeof(p_value) WHEN 'array' THEN ARRAY(
        SELECT item #>> '{}' FROM jsonb_array_elements(p_value) AS i (item) WHERE jsonb_typeof(item) = 'string') END
$$;
CREATE OR REPLACE FUNCTION events_numbers(p_value jsonb) RETURNS numeric[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE jsonb_typeof(p_value) WHEN 'array' THEN ARRAY(
        SELECT item::numeric FROM jsonb_array_elements(p_value) AS i (item) WHERE jsonb_typeof(item) = 'number') END
$$;
