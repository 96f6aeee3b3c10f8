-- What the database itself refuses, whoever writes.

CREATE OR REPLACE FUNCTION ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'table % is append-only: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;

DO $$
DECLARE
    v_table text;
BEGIN
    FOREACH v_table IN ARRAY ARRAY[
            'ledger_transaction', 'ledger_entry', 'ledger_lot_apart', 'ledger_allocation', 'ledger_cap_hit', 'ledger_part',
            'ledger_answer', 'ledger_debt_change', 'ledger_day_close'] LOOP
        EXECUTE format('CREATE OR REPLACE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE ON %I '
                       'FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change()', v_table);
        EXECUTE format('CREATE OR REPLACE TRIGGER ledger_keep BEFORE TRUNCATE ON %I '
                       'FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change()', v_table);
    END LOOP;
END $$;

-- Takes from a role what no posting needs: changing and emptying what is only appended, and switching the guards off. The
-- role must not own the tables (migrations run as their owner then); triggers stop an owner, rights stop everybody else.
CREATE OR REPLACE FUNCTION ledger_restrict_role(p_role text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_table text;
BEGIN
    FOR v_table IN
        SELECT c.relname FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
            AND c.relname LIKE 'ledger\_%'
    LOOP
        EXECUTE format('GRANT SELECT, INSERT ON %I TO %I', v_table, p_role);
        EXECUTE format('REVOKE DELETE, TRUNCATE, TRIGGER, REFERENCES ON %I FROM %I', v_table, p_role);
        IF EXISTS (SELECT 1 FROM pg_trigger t WHERE t.tgrelid = v_table::regclass AND t.tgname = 'ledger_append_only') THEN
            EXECUTE format('REVOKE UPDATE ON %I FROM %I', v_table, p_role);
        ELSE
            EXECUTE format('GRANT UPDATE ON %I TO %I', v_table, p_role);
        END IF;
    END LOOP;
    -- What is left of a lot is a row that goes with its last point.
    EXECUTE format('GRANT DELETE ON ledger_lot_open TO %I', p_role);
    EXECUTE format('GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO %I', p_role);
END $$;
