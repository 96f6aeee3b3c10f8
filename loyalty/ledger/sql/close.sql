-- Closes the days of the books (UTC, by the instant of recording) up to and with p_day, as far as they are over for an
-- hour: what moved on each counter-account and, under account 0, on all balances of the program. Closed days are summed up
-- once, so that totals and the liability of years are a few rows and the open tail. Gives the days and entries closed.
CREATE OR REPLACE FUNCTION ledger_close_day(p_day date, p_now timestamptz)
RETURNS TABLE (days_closed bigint, entries_closed bigint, closed_until date) LANGUAGE plpgsql SET jit = off AS $$
DECLARE
    v_last date;
    v_day date := least(p_day, ((p_now - interval '1 hour') AT TIME ZONE 'UTC')::date - 1);
BEGIN
    -- Two closings at once would close the same days twice; the number stands for this function.
    PERFORM pg_advisory_xact_lock(hashtextextended('ledger_close_day', 0));
    SELECT max(c.day) INTO v_last FROM ledger_day_close c;
    WITH flow AS (
        SELECT a.program_ref, CASE WHEN a.issuance_id IS NULL THEN a.id ELSE 0 END AS account_id,
            (e.recorded_at AT TIME ZONE 'UTC')::date AS day, sum(e.points_change)::bigint AS points, count(*) AS entries
        FROM ledger_leg e JOIN ledger_account a ON a.id = e.account_id
        WHERE e.recorded_at >= coalesce((v_last + 1)::timestamp AT TIME ZONE 'UTC', '-infinity')
            AND e.recorded_at < (v_day + 1)::timestamp AT TIME ZONE 'UTC'
        GROUP BY 1, 2, 3),
    closed AS (
        INSERT INTO ledger_day_close (program_ref, account_id, day, points_change, entries, points_closing, closed_at)
            SELECT f.program_ref, f.account_id, f.day, f.points, f.entries,
                sum(f.points) OVER (PARTITION BY f.program_ref, f.account_id ORDER BY f.day) + coalesce((
                    SELECT c.points_closing FROM ledger_day_close c WHERE c.program_ref = f.program_ref
                    AND c.account_id = f.account_id ORDER BY c.day DESC LIMIT 1), 0),
                p_now
            FROM flow f
            RETURNING day, entries)
    SELECT count(DISTINCT c.day), coalesce(sum(c.entries), 0) INTO days_closed, entries_closed FROM closed c;
    SELECT max(c.day) INTO closed_until FROM ledger_day_close c;
    RETURN NEXT;
END $$;

-- What moved by program, account (0: all balances) and day: closed days from their sums, the open tail from the entries.
-- Half open: p_from is in, p_until is not; null is without end. A program of null is all of them.
CREATE OR REPLACE FUNCTION ledger_flow(p_program uuid, p_from date, p_until date)
RETURNS TABLE (program_ref uuid, account_id bigint, day date, points_change bigint, entries bigint)
LANGUAGE plpgsql STABLE SET jit = off AS $$
#variable_conflict use_column
DECLARE
    v_tail date;
BEGIN
    SELECT max(c.day) + 1 INTO v_tail FROM ledger_day_close c;
    RETURN QUERY
        SELECT c.program_ref, c.account_id, c.day, c.points_change, c.entries FROM ledger_day_close c
        WHERE (p_program IS NULL OR c.program_ref = p_program) AND c.day >= coalesce(p_from, '-infinity')
            AND c.day < coalesce(p_until, 'infinity');
    RETURN QUERY
        SELECT a.program_ref, CASE WHEN a.issuance_id IS NULL THEN a.id ELSE 0 END, (e.recorded_at AT TIME ZONE 'UTC')::date,
            sum(e.points_change)::bigint, count(*)
        FROM ledger_leg e JOIN ledger_account a ON a.id = e.account_id
        WHERE (p_program IS NULL OR a.program_ref = p_program)
            AND e.recorded_at >= greatest(v_tail, p_from, '-infinity')::timestamp AT TIME ZONE 'UTC'
            AND e.recorded_at < coalesce(p_until, 'infinity')::timestamp AT TIME ZONE 'UTC'
        GROUP BY 1, 2, 3;
END $$;
