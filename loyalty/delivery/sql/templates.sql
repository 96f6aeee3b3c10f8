-- A published version is what messages were and will be written with: nothing of it is ever changed.
CREATE OR REPLACE FUNCTION delivery_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a published version of a template never changes';
END $$;

DROP TRIGGER IF EXISTS delivery_template_version_append_only ON delivery_template_version;
CREATE TRIGGER delivery_template_version_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON delivery_template_version
    FOR EACH STATEMENT EXECUTE FUNCTION delivery_refuse_change();
