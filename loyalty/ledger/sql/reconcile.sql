-- Compares the balances of up to p_limit accounts after the account p_after with what lies below them, and gives each pair
-- of figures that should be equal and is not. p_since null sums up the whole history; with an instant only accounts that
-- were posted to since are looked at (and those with points held or pending), and of their entries only those since: each
-- must continue the one before it. The last row has no code and tells how much was looked at and where to go on.
CREATE OR REPLACE FUNCTION ledger_discrepancies(p_after bigint, p_limit integer, p_since timestamptz)
RETURNS TABLE (account_id uuid, code text, expected bigint, found bigint, accounts bigint, entries bigint, next_after bigint)
LANGUAGE plpgsql STABLE SET jit = off AS $$
#variable_conflict use_column
DECLARE
    v_ids bigint[];
    v_first bigint;
    v_last bigint;
    v_entries bigint;
BEGIN
    SELECT array_agg(x.account_id) INTO v_ids FROM (
        SELECT b.account_id FROM ledger_balance b WHERE b.account_id > coalesce(p_after, 0)
            AND (p_since IS NULL OR b.last_recorded_at >= p_since OR b.points_held > 0 OR b.points_pending > 0)
        ORDER BY b.account_id LIMIT p_limit) x;
    IF v_ids IS NULL THEN
        RETURN QUERY SELECT NULL::uuid, NULL::text, 0::bigint, 0::bigint, 0::bigint, 0::bigint, NULL::bigint;
        RETURN;
    END IF;
    v_first := v_ids[1];
    v_last := v_ids[cardinality(v_ids)];
    IF p_since IS NULL THEN
        RETURN QUERY SELECT d.*, 0::bigint, 0::bigint, NULL::bigint FROM ledger_history_discrepancies(v_first, v_last) d;
        -- Numbers without a gap, as was just compared.
        SELECT sum(b.last_sequence) INTO v_entries FROM ledger_balance b WHERE b.account_id BETWEEN v_first AND v_last;
    ELSE
        RETURN QUERY SELECT d.*, 0::bigint, 0::bigint, NULL::bigint FROM ledger_recent_discrepancies(v_ids, p_since) d;
        SELECT count(*) INTO v_entries FROM ledger_entry e WHERE e.account_id = ANY (v_ids) AND e.recorded_at >= p_since
           ;
    END IF;
    RETURN QUERY SELECT d.*, 0::bigint, 0::bigint, NULL::bigint FROM ledger_state_discrepancies(v_ids, v_first, v_last) d;
    RETURN QUERY SELECT NULL::uuid, NULL::text, 0::bigint, 0::bigint, cardinality(v_ids)::bigint, v_entries,
        CASE WHEN cardinality(v_ids) = p_limit THEN v_last END;
END $$;

-- Balances against the sums of all their entries, for a range of accounts. Rows that agree, nearly all, are not taken apart.
CREATE OR REPLACE FUNCTION ledger_history_discrepancies(p_first bigint, p_last bigint)
RETURNS TABLE (account_id uuid, code text, expected bigint, found bigint) LANGUAGE sql STABLE AS $$
    WITH figure AS MATERIALIZED (
        SELECT b.*, coalesce(e.points, 0)::bigint AS points, coalesce(e.number, 0) AS number, coalesce(e.highest, 0) AS highest,
            (coalesce(e.earned, 0) + coalesce(r.earned, 0))::bigint AS earned,
            (coalesce(e.redeemed, 0) + coalesce(r.redeemed, 0))::bigint AS redeemed
        FROM ledger_balance b
        LEFT JOIN (
            SELECT e.account_id, sum(e.points_change) AS points, count(*) AS number, max(e.account_sequence) AS highest,
                sum(e.points_change) FILTER (WHERE e.kind = 'earn') AS earned,
                -sum(e.points_change) FILTER (WHERE e.kind = 'burn') AS redeemed
            FROM ledger_entry e WHERE e.account_id BETWEEN p_first AND p_last
            GROUP BY e.account_id) e ON e.account_id = b.account_id
        LEFT JOIN (
            SELECT e.account_id, sum(e.points_change) FILTER (WHERE f.kind = 'earn') AS earned,
                -sum(e.points_change) FILTER (WHERE f.kind = 'burn') AS redeemed
            FROM ledger_entry e
            JOIN ledger_transaction t ON t.id = e.transaction_id JOIN ledger_transaction f ON f.id = t.reverses_id
            WHERE e.account_id BETWEEN p_first AND p_last AND e.kind = 'reverse'
            GROUP BY e.account_id) r ON r.account_id = b.account_id
        WHERE b.account_id BETWEEN p_first AND p_last AND (b.points_posted <> coalesce(e.points, 0)
            OR b.last_sequence <> coalesce(e.number, 0) OR b.last_sequence <> coalesce(e.highest, 0)
            OR b.lifetime_points_earned <> coalesce(e.earned, 0) + coalesce(r.earned, 0)
            OR b.lifetime_points_redeemed <> coalesce(e.redeemed, 0) + coalesce(r.redeemed, 0)))
    SELECT a.public_id, c.code, c.expected, c.found
    FROM figure f JOIN ledger_account a ON a.id = f.account_id,
    LATERAL (VALUES
        ('entries', f.points_posted, f.points),
        ('sequence', f.last_sequence, f.number),
        ('sequence', f.last_sequence, f.highest),
        ('lifetime_earned', f.lifetime_points_earned, f.earned),
        ('lifetime_redeemed', f.lifetime_points_redeemed, f.redeemed)) AS c (code, expected, found)
    -- The lifetime figures of merged accounts were moved; the invariant L18 follows them.
    WHERE c.expected <> c.found AND (c.code NOT LIKE 'lifetime%' OR a.merged_into_id IS NULL
        AND NOT EXISTS (SELECT 1 FROM ledger_account m WHERE m.merged_into_id = a.id))
$$;

-- Balances against their last entry, and every entry since an instant against the one before it, for some accounts.
CREATE OR REPLACE FUNCTION ledger_recent_discrepancies(p_ids bigint[], p_since timestamptz)
RETURNS TABLE (account_id uuid, code text, expected bigint, found bigint)
LANGUAGE sql STABLE AS $$
    WITH last AS (
        SELECT b.account_id, b.points_posted, b.last_sequence, e.balance_after, e.account_sequence
        FROM unnest(p_ids) n (id) JOIN ledger_balance b ON b.account_id = n.id
        LEFT JOIN LATERAL (SELECT x.balance_after, x.account_sequence FROM ledger_entry x WHERE x.account_id = n.id
            ORDER BY x.account_sequence DESC LIMIT 1) e ON true),
    chain AS (
        SELECT e.account_id, e.points_change, e.balance_after, e.account_sequence,
            coalesce(p.balance_after, 0) AS balance_before, p.account_sequence AS sequence_before
        FROM unnest(p_ids) n (id) JOIN ledger_entry e ON e.account_id = n.id AND e.recorded_at >= p_since
           
        LEFT JOIN ledger_entry p ON p.account_id = e.account_id AND p.account_sequence = e.account_sequence - 1)
    SELECT a.public_id, d.code, d.expected::bigint, d.found::bigint
    FROM (
        SELECT l.account_id, 'entries'::text AS code, l.points_posted AS expected, coalesce(l.balance_after, 0) AS found FROM last l
        UNION ALL
        SELECT l.account_id, 'sequence', l.last_sequence, coalesce(l.account_sequence, 0) FROM last l
        UNION ALL
        SELECT c.account_id, 'balance_after', c.balance_after, c.balance_before + c.points_change FROM chain c
        UNION ALL
        SELECT c.account_id, 'sequence', c.account_sequence, coalesce(c.sequence_before, 0) + 1 FROM chain c) d
    JOIN ledger_account a ON a.id = d.account_id WHERE d.expected <> d.found
$$;

-- Balances against what is true now: open lots, holds, what is held of lots, pending earns, debt.
CREATE OR REPLACE FUNCTION ledger_state_discrepancies(p_ids bigint[], p_first bigint, p_last bigint)
RETURNS TABLE (account_id uuid, code text, expected bigint, found bigint) LANGUAGE sql STABLE AS $$
    WITH figure AS MATERIALIZED (
        SELECT b.*, (coalesce(o.points, 0) - b.points_debt)::bigint AS lots, coalesce(o.held, 0)::bigint AS held_lots,
            coalesce(h.points, 0)::bigint AS holds, coalesce(p.points, 0)::bigint AS pending, coalesce(d.points, 0)::bigint AS debt
        FROM ledger_balance b
        LEFT JOIN (SELECT o.account_id, sum(o.points_remaining) AS points, sum(o.points_held) AS held
                   FROM ledger_lot_open o WHERE o.account_id BETWEEN p_first AND p_last GROUP BY o.account_id) o USING (account_id)
        LEFT JOIN (SELECT h.account_id, sum(h.points_amount) AS points FROM ledger_hold h
                   WHERE h.state = 'ACTIVE' AND h.account_id BETWEEN p_first AND p_last GROUP BY h.account_id) h USING (account_id)
        LEFT JOIN (SELECT p.account_id, sum(p.points_amount) AS points FROM ledger_pending p
                   WHERE p.state = 'PENDING' AND p.account_id BETWEEN p_first AND p_last GROUP BY p.account_id) p USING (account_id)
        LEFT JOIN (SELECT d.account_id, sum(d.points_change) AS points FROM ledger_debt_change d
                   WHERE d.account_id BETWEEN p_first AND p_last GROUP BY d.account_id) d USING (account_id)
        WHERE b.account_id BETWEEN p_first AND p_last AND (b.points_posted <> coalesce(o.points, 0) - b.points_debt
            OR b.points_held <> coalesce(h.points, 0) OR b.points_held <> coalesce(o.held, 0)
            OR b.points_pending <> coalesce(p.points, 0) OR b.points_debt <> coalesce(d.points, 0)))
    SELECT a.public_id, c.code, c.expected, c.found
    FROM figure f JOIN ledger_account a ON a.id = f.account_id,
    LATERAL (VALUES
        ('lots', f.points_posted, f.lots),
        ('held', f.points_held, f.holds),
        ('held_lots', f.points_held, f.held_lots),
        ('pending', f.points_pending, f.pending),
        ('debt', f.points_debt, f.debt)) AS c (code, expected, found)
    WHERE c.expected <> c.found AND f.account_id = ANY (p_ids)
$$;
