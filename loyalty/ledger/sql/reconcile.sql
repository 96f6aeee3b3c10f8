-- Compares the balances of up to p_limit accounts after the account p_after with what lies below them, and gives each pair
-- of figures that should be equal and is not. p_since null sums up the whole history; with an instant only accounts that
-- were posted to since are looked at (and those with points held or pending), and of their entries only those since: each
-- must continue the one before it. The last row has no code and tells how much was looked at and where to go on.
-- Planned for the figures of each call: a plan for any range of accounts would expect a few and loop over thousands.
CREATE OR REPLACE FUNCTION ledger_discrepancies(p_after bigint, p_limit integer, p_since timestamptz)
RETURNS TABLE (account_id uuid, code text, expected bigint, found bigint, accounts bigint, entries bigint, next_after bigint)
LANGUAGE plpgsql STABLE SET jit = off SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
DECLARE
    v_ids bigint[];
    v_first bigint;
    v_last bigint;
    v_accounts bigint;
    v_entries bigint;
BEGIN
    IF p_since IS NULL THEN
        -- As many numbers as accounts are wanted: some belong to none, but nothing must be read to find the end.
        SELECT min(b.account_id) INTO v_first FROM ledger_balance b WHERE b.account_id > coalesce(p_after, 0);
        v_last := v_first + p_limit - 1;
        SELECT s.accounts, s.entries, s.suspects INTO v_accounts, v_entries, v_ids FROM ledger_suspects(v_first, v_last) s;
        IF v_ids IS NOT NULL THEN
            RETURN QUERY SELECT d.*, 0::bigint, 0::bigint, NULL::bigint FROM ledger_whole_discrepancies(v_ids) d;
        END IF;
        IF NOT EXISTS (SELECT 1 FROM ledger_balance b WHERE b.account_id > v_last) THEN
            v_last := NULL;
        END IF;
    ELSE
        SELECT array_agg(x.account_id ORDER BY x.account_id), max(x.account_id), count(*) INTO v_ids, v_last, v_accounts FROM (
            SELECT b.account_id FROM ledger_balance b WHERE b.account_id > coalesce(p_after, 0)
                AND (b.last_recorded_at >= p_since OR b.points_held > 0 OR b.points_pending > 0)
            ORDER BY b.account_id LIMIT p_limit) x;
        SELECT count(*) INTO v_entries FROM ledger_entry e WHERE e.account_id = ANY (v_ids) AND e.recorded_at >= p_since;
        RETURN QUERY SELECT d.*, 0::bigint, 0::bigint, NULL::bigint FROM ledger_recent_discrepancies(v_ids, p_since) d;
        IF v_accounts < p_limit THEN
            v_last := NULL;
        END IF;
    END IF;
    RETURN QUERY SELECT NULL::uuid, NULL::text, 0::bigint, 0::bigint, v_accounts, coalesce(v_entries, 0), v_last;
END $$;

-- What lies below balances now: what is left of lots, what is held of them, active holds, pending earns, changes of debt.
-- Of a range of accounts, or of some accounts within it (asked in a subquery, or they would be weighed one by one for the
-- plan). The planner puts this in place of a call. Table by table, so that each is a walk along its index in the order of
-- the accounts: a table of a hundred thousand sums in memory costs four times as much, for every row misses the cache.
CREATE OR REPLACE FUNCTION ledger_standing_figures(p_first bigint, p_last bigint, p_ids bigint[])
RETURNS TABLE (account_id bigint, lots bigint, held_lots bigint, holds bigint, pending bigint, debt bigint)
LANGUAGE sql STABLE AS $$
    SELECT b.account_id, coalesce(o.points, 0), coalesce(o.points_held, 0), coalesce(h.points, 0), coalesce(p.points, 0),
        coalesce(d.points, 0)
    FROM ledger_balance b
    LEFT JOIN (
        SELECT o.account_id, ledger_sum(o.points_remaining) AS points, ledger_sum(o.points_held) AS points_held
        FROM ledger_lot_open o WHERE o.account_id BETWEEN p_first AND p_last
        AND (p_ids IS NULL OR o.account_id = ANY ((SELECT p_ids)::bigint[])) GROUP BY o.account_id
    ) o ON o.account_id = b.account_id
    LEFT JOIN (
        SELECT h.account_id, ledger_sum(h.points_amount) AS points
        FROM ledger_hold h WHERE h.state = 'ACTIVE' AND h.account_id BETWEEN p_first AND p_last
        AND (p_ids IS NULL OR h.account_id = ANY ((SELECT p_ids)::bigint[])) GROUP BY h.account_id
    ) h ON h.account_id = b.account_id
    LEFT JOIN (
        SELECT p.account_id, ledger_sum(p.points_amount) AS points
        FROM ledger_pending p WHERE p.state = 'PENDING' AND p.account_id BETWEEN p_first AND p_last
        AND (p_ids IS NULL OR p.account_id = ANY ((SELECT p_ids)::bigint[])) GROUP BY p.account_id
    ) p ON p.account_id = b.account_id
    LEFT JOIN (
        SELECT d.account_id, ledger_sum(d.points_change) AS points
        FROM ledger_debt_change d WHERE d.account_id BETWEEN p_first AND p_last
        AND (p_ids IS NULL OR d.account_id = ANY ((SELECT p_ids)::bigint[])) GROUP BY d.account_id
    ) d ON d.account_id = b.account_id
    WHERE b.account_id BETWEEN p_first AND p_last AND (p_ids IS NULL OR b.account_id = ANY ((SELECT p_ids)::bigint[]))
$$;

-- Which accounts of a range have a figure that is not what lies below it, or a reversal, whose first transaction must be
-- asked: nearly none. One walk along the index of the entries and one along that of the lots, neither of which needs the
-- rows; what was looked at is counted beside it. In their order, because who looks closer takes the first and the last for
-- their range.
CREATE OR REPLACE FUNCTION ledger_suspects(p_first bigint, p_last bigint)
RETURNS TABLE (accounts bigint, entries bigint, suspects bigint[]) LANGUAGE sql STABLE AS $$
    SELECT count(*), ledger_sum(e.number), array_agg(b.account_id ORDER BY b.account_id) FILTER (WHERE e.has_reversal
        OR b.points_posted <> coalesce(e.points, 0)
        OR b.last_sequence <> coalesce(e.number, 0) OR b.last_sequence <> coalesce(e.highest, 0)
        OR b.lifetime_points_earned <> coalesce(e.earned, 0) OR b.lifetime_points_redeemed <> -coalesce(e.burned, 0)
        OR b.points_posted <> coalesce(s.lots, 0) - b.points_debt
        OR b.points_held <> coalesce(s.holds, 0) OR b.points_held <> coalesce(s.held_lots, 0)
        OR b.points_pending <> coalesce(s.pending, 0) OR b.points_debt <> coalesce(s.debt, 0))
    FROM ledger_balance b
    LEFT JOIN (
        SELECT e.account_id, ledger_sum(e.points_change) AS points, count(*) AS number, max(e.account_sequence) AS highest,
            ledger_sum(e.points_change) FILTER (WHERE e.kind = 'earn') AS earned,
            ledger_sum(e.points_change) FILTER (WHERE e.kind = 'burn') AS burned, bool_or(e.kind = 'reverse') AS has_reversal
        FROM ledger_entry e WHERE e.account_id BETWEEN p_first AND p_last GROUP BY e.account_id) e
        ON e.account_id = b.account_id
    LEFT JOIN ledger_standing_figures(p_first, p_last, NULL) s ON s.account_id = b.account_id
    WHERE b.account_id BETWEEN p_first AND p_last
$$;

-- Balances against the sums of all their entries and against what is true now, for some accounts in their order.
CREATE OR REPLACE FUNCTION ledger_whole_discrepancies(p_ids bigint[])
RETURNS TABLE (account_id uuid, code text, expected bigint, found bigint) LANGUAGE sql STABLE AS $$
    WITH figure AS MATERIALIZED (
        SELECT b.*, coalesce(e.points, 0) AS points, coalesce(e.number, 0) AS number, coalesce(e.highest, 0) AS highest,
            coalesce(e.earned, 0) AS earned, coalesce(e.redeemed, 0) AS redeemed,
            coalesce(s.lots, 0) - b.points_debt AS lots, coalesce(s.held_lots, 0) AS held_lots,
            coalesce(s.holds, 0) AS holds, coalesce(s.pending, 0) AS pending, coalesce(s.debt, 0) AS debt
        FROM ledger_balance b
        LEFT JOIN (
            SELECT e.account_id, ledger_sum(e.points_change) AS points, count(*) AS number, max(e.account_sequence) AS highest,
                -- A reversal takes back from the lifetime figure that its first transaction added to.
                ledger_sum(e.points_change) FILTER (WHERE coalesce(f.kind, e.kind) = 'earn') AS earned,
                -ledger_sum(e.points_change) FILTER (WHERE coalesce(f.kind, e.kind) = 'burn') AS redeemed
            FROM ledger_entry e
            LEFT JOIN ledger_transaction t ON t.id = e.transaction_id AND e.kind = 'reverse'
            LEFT JOIN ledger_transaction f ON f.id = t.reverses_id
            WHERE e.account_id = ANY ((SELECT p_ids)::bigint[]) GROUP BY e.account_id) e ON e.account_id = b.account_id
        LEFT JOIN ledger_standing_figures(p_ids[1], p_ids[cardinality(p_ids)], p_ids) s ON s.account_id = b.account_id
        WHERE b.account_id = ANY ((SELECT p_ids)::bigint[]))
    SELECT a.public_id, c.code, c.expected, c.found
    FROM figure f JOIN ledger_account a ON a.id = f.account_id,
    LATERAL (
        VALUES ('entries', f.points_posted, f.points),
            ('sequence', f.last_sequence, f.number),
            ('sequence', f.last_sequence, f.highest),
            ('lifetime_earned', f.lifetime_points_earned, f.earned),
            ('lifetime_redeemed', f.lifetime_points_redeemed, f.redeemed),
            ('lots', f.points_posted, f.lots),
            ('held', f.points_held, f.holds),
            ('held_lots', f.points_held, f.held_lots),
            ('pending', f.points_pending, f.pending),
            ('debt', f.points_debt, f.debt)
    ) AS c (code, expected, found)
    -- The lifetime figures of merged accounts were moved; the invariant L18 follows them.
    WHERE c.expected <> c.found AND (c.code NOT LIKE 'lifetime%' OR a.merged_into_id IS NULL
        AND NOT EXISTS (SELECT 1 FROM ledger_account m WHERE m.merged_into_id = a.id))
$$;

-- Balances against their last entry and against what is true now, and every entry since an instant against the one before
-- it, for some accounts in their order.
CREATE OR REPLACE FUNCTION ledger_recent_discrepancies(p_ids bigint[], p_since timestamptz)
RETURNS TABLE (account_id uuid, code text, expected bigint, found bigint) LANGUAGE sql STABLE AS $$
    WITH figure AS MATERIALIZED (
        SELECT b.*, coalesce(e.balance_after, 0) AS points, coalesce(e.account_sequence, 0) AS highest,
            coalesce(s.lots, 0) - b.points_debt AS lots, coalesce(s.held_lots, 0) AS held_lots,
            coalesce(s.holds, 0) AS holds, coalesce(s.pending, 0) AS pending, coalesce(s.debt, 0) AS debt
        FROM ledger_balance b
        LEFT JOIN LATERAL (SELECT x.balance_after, x.account_sequence FROM ledger_entry x WHERE x.account_id = b.account_id
            ORDER BY x.account_sequence DESC LIMIT 1) e ON true
        LEFT JOIN ledger_standing_figures(p_ids[1], p_ids[cardinality(p_ids)], p_ids) s ON s.account_id = b.account_id
        WHERE b.account_id = ANY ((SELECT p_ids)::bigint[]) AND (b.points_posted <> coalesce(e.balance_after, 0)
            OR b.last_sequence <> coalesce(e.account_sequence, 0)
            OR b.points_posted <> coalesce(s.lots, 0) - b.points_debt
            OR b.points_held <> coalesce(s.holds, 0) OR b.points_held <> coalesce(s.held_lots, 0)
            OR b.points_pending <> coalesce(s.pending, 0) OR b.points_debt <> coalesce(s.debt, 0))),
    recent AS MATERIALIZED (
        SELECT e.account_id, e.points_change, e.balance_after, e.account_sequence,
            lag(e.balance_after) OVER w AS balance_before, lag(e.account_sequence) OVER w AS sequence_before
        FROM ledger_entry e WHERE e.account_id = ANY ((SELECT p_ids)::bigint[]) AND e.recorded_at >= p_since
        WINDOW w AS (PARTITION BY e.account_id ORDER BY e.account_sequence)),
    -- The one before is nearly always beside it; only of the first of each account it must be looked up.
    chain AS MATERIALIZED (
        SELECT r.* FROM recent r WHERE r.sequence_before = r.account_sequence - 1
            AND r.balance_after <> r.balance_before + r.points_change
        UNION ALL
        SELECT r.account_id, r.points_change, r.balance_after, r.account_sequence, p.balance_after, p.account_sequence
        FROM recent r
        LEFT JOIN ledger_entry p ON p.account_id = r.account_id AND p.account_sequence = r.account_sequence - 1
        WHERE r.sequence_before IS DISTINCT FROM r.account_sequence - 1
            AND (r.balance_after <> coalesce(p.balance_after, 0) + r.points_change
                 OR r.account_sequence <> coalesce(p.account_sequence, 0) + 1))
    SELECT a.public_id, d.code, d.expected, d.found
    FROM (
        SELECT f.account_id, c.* FROM figure f, LATERAL (
            VALUES ('entries', f.points_posted, f.points),
                ('sequence', f.last_sequence, f.highest),
                ('lots', f.points_posted, f.lots),
                ('held', f.points_held, f.holds),
                ('held_lots', f.points_held, f.held_lots),
                ('pending', f.points_pending, f.pending),
                ('debt', f.points_debt, f.debt)
        ) AS c (code, expected, found)
        UNION ALL
        SELECT c.account_id, 'balance_after', c.balance_after, coalesce(c.balance_before, 0) + c.points_change FROM chain c
        UNION ALL
        SELECT c.account_id, 'sequence', c.account_sequence, coalesce(c.sequence_before, 0) + 1 FROM chain c
    ) AS d (account_id, code, expected, found)
    JOIN ledger_account a ON a.id = d.account_id WHERE d.expected <> d.found
$$;
