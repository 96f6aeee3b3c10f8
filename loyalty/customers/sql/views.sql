-- Contract views: what other domains may join in their own SQL.

CREATE OR REPLACE VIEW customers_directory AS
    SELECT id AS customer_id, public_id, customer_ref, first_name, last_name, status, language, time_zone
    FROM customers_customer;

CREATE OR REPLACE FUNCTION customers_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the history of consents is append-only';
END $$;

DROP TRIGGER IF EXISTS customers_consentchange_append_only ON customers_consentchange;
CREATE TRIGGER customers_consentchange_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON customers_consentchange
    FOR EACH STATEMENT EXECUTE FUNCTION customers_refuse_change();
