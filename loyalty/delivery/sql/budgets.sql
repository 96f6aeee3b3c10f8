-- The last gate of the contact policy: what messages cost, and the budgets that pay. All counting is under one advisory lock,
-- taken only where there are budgets; a turn that counts takes milliseconds.

-- Begins a window as delivery_begin does, in the caller's order, and refuses with `budget` what no budget pays any more.
CREATE OR REPLACE FUNCTION delivery_begin_within_budgets(
    p_claim uuid, p_now timestamptz, p_until timestamptz, p_next bigint[], p_policy jsonb, p_cost numeric)
RETURNS TABLE (id bigint, state text, attempts smallint, address text, first_name text, last_name text, customer_ref text)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
    v_has_budgets boolean := p_cost > 0 AND EXISTS (SELECT 1 FROM delivery_messagebudget);
    v_month date := date_trunc('month', p_now AT TIME ZONE (p_policy ->> 'zone'))::date;
    v_priced bigint[] := '{}';
    v_message record;
    v_begun record;
BEGIN
    IF p_cost = 0 THEN
        RETURN QUERY SELECT b.* FROM delivery_begin(p_claim, p_now, p_until, p_next, p_policy) b;
        RETURN;
    END IF;
    IF v_has_budgets THEN
        PERFORM pg_advisory_xact_lock(20260603);
    END IF;
    -- The order forces the whole window to be begun before the first row is looked at.
    FOR v_begun IN SELECT b.* FROM delivery_begin(p_claim, p_now, p_until, p_next, p_policy) b
            ORDER BY array_position(p_next, b.id) LOOP
        state := v_begun.state;
        IF state = 'SENDING' THEN
            SELECT m.is_test, m.source_ref, m.program_ref INTO v_message
            FROM delivery_send s JOIN delivery_message m ON m.id = s.message_id WHERE s.id = v_begun.id;
            IF v_message.is_test THEN
                NULL; -- a message to ourselves costs no campaign anything
            ELSIF v_has_budgets AND EXISTS (
                SELECT 1 FROM delivery_messagebudget g
                WHERE (g.scope = 'month' OR g.ref = CASE g.scope WHEN 'source' THEN v_message.source_ref ELSE v_message.program_ref END)
                    AND p_cost + CASE WHEN g.scope = 'month' AND g.month IS DISTINCT FROM v_month THEN 0 ELSE g.spent END > g.amount)
            THEN
                state := 'SKIPPED';
                UPDATE delivery_send s SET state = 'SKIPPED', reason = 'budget', due_at = NULL, ended_at = p_now,
                    attempts = s.attempts - 1 WHERE s.id = v_begun.id;
            ELSE
                v_priced := v_priced || v_begun.id;
                IF v_has_budgets THEN
                    UPDATE delivery_messagebudget g SET month = CASE g.scope WHEN 'month' THEN v_month END,
                        spent = p_cost + CASE WHEN g.scope = 'month' AND g.month IS DISTINCT FROM v_month THEN 0 ELSE g.spent END
                    WHERE g.scope = 'month'
                        OR g.ref = CASE g.scope WHEN 'source' THEN v_message.source_ref ELSE v_message.program_ref END;
                END IF;
            END IF;
        END IF;
        id := v_begun.id;
        attempts := v_begun.attempts;
        address := v_begun.address;
        first_name := v_begun.first_name;
        last_name := v_begun.last_name;
        customer_ref := v_begun.customer_ref;
        RETURN NEXT;
    END LOOP;
    UPDATE delivery_send s SET cost = p_cost WHERE s.id = ANY(v_priced);
END $$;

-- Brings what was counted for the sends of a window to what they came to, before they are settled: as many units as the provider
-- took, nothing for what did not go, and everything for what nobody knows of.
CREATE OR REPLACE FUNCTION delivery_charge(p_claim uuid, p_now timestamptz, p_zone text, p_settled jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_month date := date_trunc('month', p_now AT TIME ZONE p_zone)::date;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM jsonb_to_recordset(p_settled) AS v (id bigint) JOIN delivery_send s ON s.id = v.id WHERE s.cost > 0)
    THEN
        RETURN;
    END IF;
    IF EXISTS (SELECT 1 FROM delivery_messagebudget) THEN
        PERFORM pg_advisory_xact_lock(20260603);
    END IF;
    WITH changed AS (
        SELECT s.id, m.source_ref, m.program_ref, s.cost AS before, CASE
            WHEN v.state IN ('SENT', 'DELIVERED') THEN s.cost * coalesce(v.units, 1)
            WHEN v.state = 'UNKNOWN' THEN s.cost ELSE 0 END AS after
        FROM jsonb_to_recordset(p_settled) AS v (id bigint, state text, units integer)
        JOIN delivery_send s ON s.id = v.id JOIN delivery_message m ON m.id = s.message_id
        WHERE s.claim = p_claim AND s.state IN ('SENDING', 'UNKNOWN') AND s.cost > 0
    ), priced AS (
        UPDATE delivery_send s SET cost = c.after FROM changed c WHERE s.id = c.id AND c.after <> c.before
    ), moved AS (
        SELECT g.id, sum(c.after - c.before) AS amount
        FROM changed c JOIN delivery_messagebudget g ON (g.scope = 'month' AND g.month = v_month)
            OR (g.scope = 'source' AND g.ref = c.source_ref) OR (g.scope = 'program' AND g.ref = c.program_ref)
        GROUP BY g.id
    )
    UPDATE delivery_messagebudget g SET spent = greatest(0, g.spent + v.amount) FROM moved v WHERE g.id = v.id AND v.amount <> 0;
END $$;
