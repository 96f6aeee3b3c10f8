-- Expires one chunk: up to p_limit lots that are due at p_now, the longest due first, one transaction per account, their
-- points moved to breakage. Accounts that someone is posting to are left to the next chunk rather than waited for.
-- Balances are locked before lots, as everywhere. Gives what was done; lots_expired = 0 means that nothing (free) is due.
CREATE OR REPLACE FUNCTION ledger_expire(p_now timestamptz, p_limit integer)
RETURNS TABLE (lots_expired bigint, points_expired bigint, accounts_touched bigint) LANGUAGE plpgsql SET jit = off AS $$
DECLARE
    v_accounts bigint[];
    v_lots bigint[];
    v_lot_accounts bigint[];
    v_lot_points bigint[];
    v_refs uuid[];
    v_headers bigint[];
BEGIN
    SELECT array_agg(x.account_id) INTO v_accounts
        FROM (SELECT b.account_id FROM ledger_balance b
              WHERE b.account_id IN (
                  SELECT d.account_id FROM (
                      SELECT o.account_id FROM ledger_lot_open o
                      WHERE o.spendable_until <= p_now AND o.spendable_until < 'infinity'
                      ORDER BY o.spendable_until LIMIT p_limit) d)
              ORDER BY b.account_id FOR UPDATE SKIP LOCKED) x;
    WITH gone AS (
        DELETE FROM ledger_lot_open o USING (
                SELECT d.account_id, d.spendable_until, d.earned_at, d.lot_id FROM ledger_lot_open d
                WHERE d.account_id = ANY (v_accounts) AND d.spendable_until <= p_now
                ORDER BY d.spendable_until LIMIT p_limit) d
            WHERE o.account_id = d.account_id AND o.spendable_until = d.spendable_until AND o.earned_at = d.earned_at
                AND o.lot_id = d.lot_id
            RETURNING o.lot_id, o.account_id, o.points_remaining)
    SELECT array_agg(g.lot_id), array_agg(g.account_id), array_agg(g.points_remaining), count(*), sum(g.points_remaining)
        INTO v_lots, v_lot_accounts, v_lot_points, lots_expired, points_expired FROM gone g;
    IF lots_expired = 0 THEN
        points_expired := 0;
        accounts_touched := 0;
        RETURN NEXT;
        RETURN;
    END IF;
    SELECT array_agg(d.account_id), array_agg(ledger_new_public_id(p_now)) INTO v_accounts, v_refs
        FROM (SELECT DISTINCT p.account_id FROM unnest(v_lot_accounts) AS p (account_id) ORDER BY 1) d;
    accounts_touched := cardinality(v_accounts);
    WITH made AS (
        INSERT INTO ledger_transaction (public_id, kind, idempotency_scope, idempotency_key, request_hash, account_id,
                program_ref, occurred_at, recorded_at, actor_ref)
            SELECT n.public_id, 'expire', 'ledger.expire', n.public_id::text, sha256(uuid_send(n.public_id)), n.account_id,
                a.program_ref, p_now, p_now, 'ledger.expire'
            FROM unnest(v_accounts, v_refs) AS n (account_id, public_id) JOIN ledger_account a ON a.id = n.account_id
            RETURNING id, public_id)
    SELECT array_agg(m.id ORDER BY n.position) INTO v_headers
        FROM unnest(v_refs) WITH ORDINALITY AS n (public_id, position) JOIN made m ON m.public_id = n.public_id;
    INSERT INTO ledger_allocation (transaction_id, line, lot_id, points_consumed)
        SELECT n.header_id, row_number() OVER (PARTITION BY n.header_id ORDER BY l.lot_id), l.lot_id, l.points
        FROM unnest(v_lots, v_lot_accounts, v_lot_points) AS l (lot_id, account_id, points)
        JOIN unnest(v_accounts, v_headers) AS n (account_id, header_id) ON n.account_id = l.account_id;
    WITH total AS (
        SELECT n.account_id, n.header_id, n.public_id, sum(l.points)::bigint AS points
        FROM unnest(v_lot_accounts, v_lot_points) AS l (account_id, points)
        JOIN unnest(v_accounts, v_headers, v_refs) AS n (account_id, header_id, public_id) ON n.account_id = l.account_id
        GROUP BY n.account_id, n.header_id, n.public_id),
    moved AS (
        UPDATE ledger_balance b SET points_posted = b.points_posted - t.points, last_sequence = b.last_sequence + 1,
                last_recorded_at = greatest(b.last_recorded_at, p_now)
            FROM total t WHERE b.account_id = t.account_id
            RETURNING t.header_id, t.public_id, t.points, b.account_id, b.points_posted, b.last_sequence, b.last_recorded_at),
    named AS (
        SELECT m.*, a.public_id AS account_ref, a.kind AS account_kind, a.wallet, a.owner_ref, a.program_ref, a.breakage_id
        FROM moved m JOIN ledger_account a ON a.id = m.account_id),
    entries AS (
        INSERT INTO ledger_entry (transaction_id, line, account_id, kind, points_change, account_sequence, balance_after, recorded_at)
            SELECT n.header_id, 1, n.account_id, 'expire'::ledger_transaction_kind, -n.points, n.last_sequence, n.points_posted, n.last_recorded_at
            FROM named n
            UNION ALL
            SELECT n.header_id, 2, n.breakage_id, 'expire', n.points, NULL, NULL, n.last_recorded_at FROM named n)
    INSERT INTO events_outbox (event_id, type, key, subject_kind, subject_ref, occurred_at, data)
        SELECT n.public_id, 'points.expired', n.owner_ref::text, 'transaction', n.public_id::text, p_now,
            jsonb_build_object('transaction_id', n.public_id, 'account_id', n.account_ref,
                'account_kind', n.account_kind, 'wallet', n.wallet, 'owner_ref', n.owner_ref,
                'customer_id', n.owner_ref, 'program_id', n.program_ref,
                'points_amount', n.points, 'points_balance', n.points_posted)
        FROM named n;
    RETURN NEXT;
END $$;
