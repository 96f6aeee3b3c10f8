-- Why a customer is not written to, or NULL: consent, then address. Holdouts and caps have no source yet.
-- policy/contact.py says the same for one customer; a test compares the two.
CREATE OR REPLACE FUNCTION delivery_exclusion(p_is_consented boolean, p_address text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN p_is_consented IS NOT TRUE THEN 'no_consent'
        WHEN coalesce(p_address, '') = '' THEN 'no_address'
    END
$$;
