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
            'ledger_transaction', 'ledger_entry', 'ledger_lot', 'ledger_allocation', 'ledger_cap_hit', 'ledger_part',
            'ledger_answer', 'ledger_debt_change', 'ledger_day_close'] LOOP
        EXECUTE format('CREATE OR REPLACE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE ON %I '
                       'FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change()', v_table);
        EXECUTE format('CREATE OR REPLACE TRIGGER ledger_keep BEFORE TRUNCATE ON %I '
                       'FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change()', v_table);
    END LOOP;
END $$;

-- Entries of a transaction sum to zero. Checked for all transactions of an INSERT at once: both legs are written by one
-- statement, so the rule is stricter than a check at commit, and a batch of 500 pays for one check and not for 1,000.
CREATE OR REPLACE FUNCTION ledger_refuse_unbalanced() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    v_first bigint;
    v_last bigint;
    v_points numeric;
    v_transaction bigint;
BEGIN
    -- One transaction, the common case, needs no grouping.
    SELECT min(n.transaction_id), max(n.transaction_id), sum(n.points_change) INTO v_first, v_last, v_points
        FROM entries_added n;
    IF v_first = v_last AND v_points = 0 THEN
        RETURN NULL;
    END IF;
    SELECT n.transaction_id INTO v_transaction FROM entries_added n
        GROUP BY n.transaction_id HAVING sum(n.points_change) <> 0 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the entries of transaction % do not sum to zero', v_transaction USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER ledger_entry_balanced AFTER INSERT ON ledger_entry
    REFERENCING NEW TABLE AS entries_added FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_unbalanced();

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
