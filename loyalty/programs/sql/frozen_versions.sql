-- A version that was used never changes and never goes: every transaction names the version it used.
CREATE OR REPLACE FUNCTION programs_refuse_version_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a program version that was used cannot be changed' USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE OR REPLACE TRIGGER programs_version_frozen
    BEFORE UPDATE OR DELETE ON programs_programversion
    FOR EACH ROW WHEN (OLD.used_at IS NOT NULL)
    EXECUTE FUNCTION programs_refuse_version_change();
