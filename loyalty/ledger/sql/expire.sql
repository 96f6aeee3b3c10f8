-- Expires what is free of these lots (what holds reserve stays): one transaction per account, the points go to breakage.
-- The caller holds the balances of all their accounts, and no lot is without free points. p_is_held tells whether holds
-- reserve some of any. Gives the points expired.
CREATE OR REPLACE FUNCTION ledger_expire_lots(
    p_accounts bigint[], p_untils timestamptz[], p_earned timestamptz[], p_lots bigint[], p_points bigint[],
    p_is_held boolean, p_reason text, p_now timestamptz)
RETURNS bigint LANGUAGE plpgsql SET jit = off AS $$
DECLARE
    v_accounts bigint[];
    v_totals bigint[];
    v_refs uuid[];
    v_headers bigint[];
BEGIN
    -- Lots that a hold reserves in part keep that part; the others go.
    DELETE FROM ledger_lot_open o
        USING unnest(p_accounts, p_untils, p_earned, p_lots) AS d (account_id, spendable_until, earned_at, lot_id)
        WHERE o.account_id = d.account_id AND o.spendable_until = d.spendable_until AND o.earned_at = d.earned_at
        AND o.lot_id = d.lot_id AND o.points_held = 0;
    IF p_is_held THEN
        UPDATE ledger_lot_open o SET points_remaining = o.points_held
            FROM unnest(p_accounts, p_untils, p_earned, p_lots) AS d (account_id, spendable_until, earned_at, lot_id)
            WHERE o.account_id = d.account_id AND o.spendable_until = d.spendable_until AND o.earned_at = d.earned_at
            AND o.lot_id = d.lot_id AND o.points_held > 0;
    END IF;
    SELECT array_agg(d.account_id), array_agg(d.points), array_agg(ledger_new_public_id(p_now)),
            array_agg(ledger_next_id())
        INTO v_accounts, v_totals, v_refs, v_headers
        FROM (SELECT p.account_id, sum(p.points)::bigint AS points
              FROM unnest(p_accounts, p_points) AS p (account_id, points) GROUP BY 1 ORDER BY 1) d;
    INSERT INTO ledger_transaction (id, public_id, kind, idempotency_scope, idempotency_key, request_hash, account_id,
            program_ref, occurred_at, recorded_at, actor_ref, reason)
        OVERRIDING SYSTEM VALUE
        SELECT n.id, n.public_id, 'expire', 'ledger.expire', n.public_id::text, sha256(uuid_send(n.public_id)), n.account_id,
            a.program_ref, p_now, p_now, 'ledger.expire', p_reason
        FROM unnest(v_headers, v_accounts, v_refs) AS n (id, account_id, public_id) JOIN ledger_account a ON a.id = n.account_id;
    INSERT INTO ledger_allocation (transaction_id, line, lot_id, points_consumed)
        SELECT n.header_id, row_number() OVER (PARTITION BY n.header_id ORDER BY l.lot_id), l.lot_id, l.points
        FROM unnest(p_lots, p_accounts, p_points) AS l (lot_id, account_id, points)
        JOIN unnest(v_accounts, v_headers) AS n (account_id, header_id) ON n.account_id = l.account_id;
    WITH moved AS (
        UPDATE ledger_balance b SET points_posted = b.points_posted - t.points, last_sequence = b.last_sequence + 1,
                last_recorded_at = greatest(b.last_recorded_at, p_now)
            FROM unnest(v_accounts, v_headers, v_refs, v_totals) AS t (account_id, header_id, public_id, points)
            WHERE b.account_id = t.account_id
            RETURNING t.header_id, t.public_id, t.points, b.account_id, b.points_posted, b.points_pending, b.points_held,
                b.points_debt, b.last_sequence, b.last_recorded_at),
    named AS (
        SELECT m.*, a.public_id AS account_ref, a.kind AS account_kind, a.owner_ref, a.program_ref, a.wallet, a.breakage_id
        FROM moved m JOIN ledger_account a ON a.id = m.account_id),
    entries AS (
        INSERT INTO ledger_entry (transaction_id, line, account_id, kind, points_change, account_sequence, balance_after, recorded_at)
            SELECT n.header_id, 1, n.account_id, 'expire'::ledger_transaction_kind, -n.points, n.last_sequence, n.points_posted, n.last_recorded_at
            FROM named n
            UNION ALL
            SELECT n.header_id, 2, n.breakage_id, 'expire', n.points, NULL, NULL, n.last_recorded_at FROM named n),
    answers AS (
        INSERT INTO ledger_answer
            SELECT n.header_id, n.points, n.points_posted, n.points_pending, n.points_held, n.points_debt, 0, 0
            FROM named n WHERE n.points_pending <> 0 OR n.points_held <> 0 OR n.points_debt <> 0)
    INSERT INTO events_outbox (event_id, type, key, subject_kind, subject_ref, occurred_at, data)
        SELECT n.public_id, 'points.expired', n.owner_ref::text, 'transaction', n.public_id::text, p_now,
            jsonb_build_object('transaction_id', n.public_id, 'account_id', n.account_ref, 'account_kind', n.account_kind,
                'customer_id', n.owner_ref, 'owner_ref', n.owner_ref, 'program_id', n.program_ref, 'wallet', n.wallet,
                'points_amount', n.points, 'points_balance', n.points_posted,
                'account_sequence', n.last_sequence, 'reason', p_reason)
        FROM named n;
    RETURN (SELECT sum(t.points) FROM unnest(v_totals) AS t (points));
END $$;

-- Expires one chunk: up to p_limit lots whose time (with its grace) is over at p_now, the longest over first. Accounts that
-- someone is posting to are left to the next chunk rather than waited for. Balances are locked before lots, as everywhere.
-- Gives what was done; lots_expired = 0 means that nothing (free) is due.
CREATE OR REPLACE FUNCTION ledger_expire(p_now timestamptz, p_limit integer)
RETURNS TABLE (lots_expired bigint, points_expired bigint, accounts_touched bigint) LANGUAGE plpgsql SET jit = off AS $$
DECLARE
    v_accounts bigint[];
    v_lots record;
BEGIN
    SELECT array_agg(x.account_id) INTO v_accounts
        FROM (SELECT b.account_id FROM ledger_balance b
              WHERE b.account_id IN (
                  SELECT d.account_id FROM (
                      SELECT o.account_id FROM ledger_lot_open o
                      WHERE o.spendable_until <= p_now AND o.spendable_until < 'infinity' AND o.points_remaining > o.points_held
                      ORDER BY o.spendable_until LIMIT p_limit) d)
              ORDER BY b.account_id FOR UPDATE SKIP LOCKED) x;
    SELECT array_agg(d.account_id) AS accounts, array_agg(d.spendable_until) AS untils, array_agg(d.earned_at) AS earned,
            array_agg(d.lot_id) AS lots, array_agg(d.points_remaining - d.points_held) AS points,
            bool_or(d.points_held > 0) AS is_held
        INTO v_lots
        FROM (SELECT o.* FROM ledger_lot_open o
              WHERE o.account_id = ANY (v_accounts) AND o.spendable_until <= p_now AND o.points_remaining > o.points_held
              ORDER BY o.spendable_until LIMIT p_limit) d;
    lots_expired := coalesce(cardinality(v_lots.lots), 0);
    points_expired := 0;
    accounts_touched := 0;
    IF lots_expired > 0 THEN
        points_expired := ledger_expire_lots(v_lots.accounts, v_lots.untils, v_lots.earned, v_lots.lots, v_lots.points,
            v_lots.is_held, '', p_now);
        accounts_touched := (SELECT count(DISTINCT a.id) FROM unnest(v_lots.accounts) AS a (id));
    END IF;
    RETURN NEXT;
END $$;

-- Expires everything free of the accounts of a program whose members have not earned, burned or transferred since
-- p_inactive_since, whatever the dates of their lots: one chunk of up to p_limit accounts after the account p_after (null:
-- from the first). `next_after` is where the next chunk begins, null when all have been looked at.
CREATE OR REPLACE FUNCTION ledger_expire_inactive(
    p_program uuid, p_wallet text, p_inactive_since timestamptz, p_now timestamptz, p_after bigint, p_limit integer)
RETURNS TABLE (lots_expired bigint, points_expired bigint, accounts_touched bigint, next_after bigint)
LANGUAGE plpgsql SET jit = off AS $$
DECLARE
    v_looked bigint[];
    v_accounts bigint[];
    v_lots record;
BEGIN
    SELECT array_agg(x.id) INTO v_looked
        FROM (SELECT a.id FROM ledger_account a WHERE a.id > coalesce(p_after, 0) AND a.program_ref = p_program
              AND a.wallet = p_wallet AND a.kind IN ('member', 'pool') ORDER BY a.id LIMIT p_limit) x;
    next_after := CASE WHEN cardinality(v_looked) = p_limit THEN v_looked[p_limit] END;
    -- A row locked by someone is being posted to, so it is not inactive. The figures are read again under the lock.
    SELECT array_agg(x.account_id) INTO v_accounts
        FROM (SELECT b.account_id FROM ledger_balance b
              WHERE b.account_id = ANY (v_looked) AND b.points_posted + b.points_debt > b.points_held
              AND (b.last_recorded_at < p_inactive_since OR NOT EXISTS (
                  SELECT 1 FROM ledger_entry e WHERE e.account_id = b.account_id AND e.account_sequence IS NOT NULL
                  AND e.recorded_at >= p_inactive_since AND e.kind IN ('earn', 'burn', 'transfer')))
              ORDER BY b.account_id FOR UPDATE SKIP LOCKED) x;
    SELECT array_agg(o.account_id) AS accounts, array_agg(o.spendable_until) AS untils, array_agg(o.earned_at) AS earned,
            array_agg(o.lot_id) AS lots, array_agg(o.points_remaining - o.points_held) AS points,
            bool_or(o.points_held > 0) AS is_held
        INTO v_lots
        FROM ledger_lot_open o WHERE o.account_id = ANY (v_accounts) AND o.points_remaining > o.points_held
        -- Of an account that was posted to between the choice and its lock.
        AND NOT EXISTS (SELECT 1 FROM ledger_entry e WHERE e.account_id = o.account_id AND e.account_sequence IS NOT NULL
                        AND e.recorded_at >= p_inactive_since AND e.kind IN ('earn', 'burn', 'transfer'));
    lots_expired := coalesce(cardinality(v_lots.lots), 0);
    points_expired := 0;
    accounts_touched := 0;
    IF lots_expired > 0 THEN
        points_expired := ledger_expire_lots(
            v_lots.accounts, v_lots.untils, v_lots.earned, v_lots.lots, v_lots.points, v_lots.is_held, 'inactivity', p_now);
        accounts_touched := (SELECT count(DISTINCT a.id) FROM unnest(v_lots.accounts) AS a (id));
    END IF;
    RETURN NEXT;
END $$;
