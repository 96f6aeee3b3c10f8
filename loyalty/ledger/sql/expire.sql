-- Expires what is free of the lots at these places (what a hold reserves stays): one transaction per account, the points go
-- to breakage. The caller holds the balances of p_accounts, so nobody else changes their lots; a place that holds another
-- lot by now, or one that is not over at p_until, is passed over. p_is_held tells whether holds may reserve some of any.
-- One statement, planned once in a session: what it is given are arrays, whose length no plan depends on.
CREATE OR REPLACE FUNCTION ledger_expire_lots(
    p_accounts bigint[], p_places tid[], p_is_held boolean, p_until timestamptz, p_reason text, p_now timestamptz)
RETURNS TABLE (lots_expired bigint, points_expired bigint, accounts_touched bigint)
LANGUAGE plpgsql SET jit = off SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    WITH gone AS (
        DELETE FROM ledger_lot_open o USING unnest(p_places) AS d (place)
            WHERE o.ctid = d.place AND o.account_id = ANY (p_accounts) AND o.spendable_until <= p_until AND o.points_held = 0
            RETURNING o.account_id, o.lot_id, o.points_remaining AS points),
    -- Lots that a hold reserves in part keep that part; `whole` is the lot as it was.
    cut AS (
        UPDATE ledger_lot_open o SET points_remaining = o.points_held
            FROM unnest(p_places) AS d (place) JOIN ledger_lot_open whole ON whole.ctid = d.place
            WHERE p_is_held AND o.ctid = d.place AND o.account_id = ANY (p_accounts) AND o.spendable_until <= p_until
            AND o.points_held > 0 AND o.points_remaining > o.points_held
            RETURNING o.account_id, o.lot_id, whole.points_remaining - whole.points_held AS points),
    -- Of the numbers drawn, one for each lot, the first of an account becomes that of its transaction.
    taken AS (
        SELECT t.account_id, t.lot_id, t.points, row_number() OVER w AS line, first_value(t.number) OVER w AS header_id
        FROM (SELECT g.*, ledger_next_id() AS number FROM gone g
              UNION ALL
              SELECT c.*, ledger_next_id() FROM cut c) t
        WINDOW w AS (PARTITION BY t.account_id ORDER BY t.lot_id)),
    owed AS (
        SELECT t.account_id, t.header_id, sum(t.points)::bigint AS points, count(*) AS lots
        FROM taken t GROUP BY t.account_id, t.header_id ORDER BY t.account_id),
    moved AS (
        UPDATE ledger_balance b SET points_posted = b.points_posted - w.points, last_sequence = b.last_sequence + 1,
                last_recorded_at = greatest(b.last_recorded_at, p_now)
            FROM owed w WHERE b.account_id = w.account_id
            RETURNING w.header_id, w.points, b.account_id, b.points_posted, b.points_pending, b.points_held,
                b.points_debt, b.last_sequence, b.last_recorded_at),
    named AS (
        SELECT m.*, ledger_new_public_id(p_now) AS public_id, a.public_id AS account_ref, a.kind AS account_kind,
            a.owner_ref, a.program_ref, a.wallet, a.breakage_id
        FROM moved m JOIN ledger_account a ON a.id = m.account_id),
    headers AS (
        INSERT INTO ledger_transaction (id, public_id, kind, idempotency_scope, idempotency_key, request_hash, account_id,
                program_ref, occurred_at, recorded_at, actor_ref, reason)
            OVERRIDING SYSTEM VALUE
            SELECT n.header_id, n.public_id, 'expire', 'ledger.expire', n.public_id::text, sha256(uuid_send(n.public_id)),
                n.account_id, n.program_ref, p_now, p_now, 'ledger.expire', p_reason
            FROM named n),
    allocations AS (
        INSERT INTO ledger_allocation (transaction_id, line, lot_id, points_consumed)
            SELECT t.header_id, t.line, t.lot_id, t.points FROM taken t),
    entries AS (
        INSERT INTO ledger_entry (transaction_id, line, account_id, kind, points_change, account_sequence, balance_after, recorded_at,
                counter_id)
            SELECT n.header_id, 1, n.account_id, 'expire'::ledger_transaction_kind, -n.points, n.last_sequence, n.points_posted,
                n.last_recorded_at, n.breakage_id
            FROM named n),
    answers AS (
        INSERT INTO ledger_answer
            SELECT n.header_id, n.points, n.points_posted, n.points_pending, n.points_held, n.points_debt, 0, 0
            FROM named n WHERE n.points_pending <> 0 OR n.points_held <> 0 OR n.points_debt <> 0),
    events AS (
        INSERT INTO events_outbox (event_id, type, key, subject_kind, subject_ref, occurred_at, data)
            -- A row made JSON costs half of what naming each field does.
            SELECT n.public_id, 'points.expired', n.owner_ref::text, 'transaction', n.public_id::text, p_now, to_jsonb(fact)
            FROM named n, LATERAL (
                SELECT n.public_id AS transaction_id, n.account_ref AS account_id, n.account_kind,
                    n.owner_ref AS customer_id, n.owner_ref, n.program_ref AS program_id, n.wallet,
                    n.points AS points_amount, n.points_posted AS points_balance, n.last_sequence AS account_sequence,
                    p_reason AS reason) fact)
    SELECT coalesce(sum(w.lots), 0), coalesce(sum(w.points), 0), count(*)
        INTO lots_expired, points_expired, accounts_touched FROM owed w;
    RETURN NEXT;
END $$;

-- Expires one chunk: up to p_limit lots whose time (with its grace) is over at p_now. The accounts of the lots longest over
-- come first, each with all of its due lots, so that a run tells a member once. Accounts that someone is posting to are left
-- to the next chunk rather than waited for. Balances are locked before lots, as everywhere.
-- Gives what was done; lots_expired = 0 means that nothing (free) is due.
CREATE OR REPLACE FUNCTION ledger_expire(p_now timestamptz, p_limit integer)
RETURNS TABLE (lots_expired bigint, points_expired bigint, accounts_touched bigint) LANGUAGE plpgsql SET jit = off AS $$
DECLARE
    v_accounts bigint[];
    v_places tid[];
    v_is_held boolean;
BEGIN
    SELECT array_agg(a.account_id) INTO v_accounts
        FROM (SELECT d.account_id FROM (
                  SELECT o.account_id, o.spendable_until FROM ledger_lot_open o
                  WHERE o.spendable_until <= p_now AND o.spendable_until < 'infinity' AND o.points_remaining > o.points_held
                  ORDER BY o.spendable_until LIMIT p_limit) d
              GROUP BY d.account_id ORDER BY min(d.spendable_until), d.account_id) a;
    -- Account by account, no further than the chunk goes (hence OFFSET 0: as a join the limit would come too late).
    SELECT array_agg(DISTINCT d.account_id), array_agg(d.place), bool_or(d.is_held) INTO v_accounts, v_places, v_is_held
        FROM (SELECT l.* FROM unnest(v_accounts) AS a (account_id), LATERAL (
                  SELECT o.account_id, o.ctid AS place, o.points_held > 0 AS is_held FROM ledger_lot_open o
                  WHERE o.account_id = a.account_id AND o.spendable_until <= p_now
                  AND o.points_remaining > o.points_held OFFSET 0) l
              LIMIT p_limit) d;
    SELECT array_agg(x.account_id) INTO v_accounts
        FROM (SELECT b.account_id FROM ledger_balance b WHERE b.account_id = ANY (v_accounts)
              ORDER BY b.account_id FOR UPDATE SKIP LOCKED) x;
    RETURN QUERY SELECT * FROM ledger_expire_lots(v_accounts, v_places, v_is_held, p_now, '', p_now);
END $$;

-- Expires everything free of the accounts of a program whose members have not earned, burned or transferred since
-- p_inactive_since, whatever the dates of their lots: one chunk of up to p_limit accounts after the account p_after (null:
-- from the first). `next_after` is where the next chunk begins, null when all have been looked at. For the owners named
-- an instant of their own counts instead. What counts is when it happened, not when it was told: a purchase of long ago
-- that is told today is no activity of today.
CREATE OR REPLACE FUNCTION ledger_expire_inactive(
    p_program uuid, p_wallet text, p_inactive_since timestamptz, p_now timestamptz, p_after bigint, p_limit integer,
    p_owners uuid[] DEFAULT NULL, p_owner_sinces timestamptz[] DEFAULT NULL)
RETURNS TABLE (lots_expired bigint, points_expired bigint, accounts_touched bigint, next_after bigint)
LANGUAGE plpgsql SET jit = off AS $$
DECLARE
    v_looked bigint[];
    v_sinces timestamptz[];
    v_accounts bigint[];
    v_places tid[];
    v_is_held boolean;
    -- What happened since an instant was recorded since then too, but for what is told ahead of its time, by minutes. So
    -- most accounts are judged by their balance's row alone, and of the others only the entries since then are read.
    v_ahead CONSTANT interval := interval '1 day';
BEGIN
    SELECT array_agg(x.id ORDER BY x.id), array_agg(x.since ORDER BY x.id) INTO v_looked, v_sinces
        FROM (SELECT a.id, coalesce(o.since, p_inactive_since) AS since
              FROM ledger_account a LEFT JOIN unnest(p_owners, p_owner_sinces) AS o (owner_ref, since) USING (owner_ref)
              WHERE a.id > coalesce(p_after, 0) AND a.program_ref = p_program
              AND a.wallet = p_wallet AND a.kind IN ('member', 'pool') ORDER BY a.id LIMIT p_limit) x;
    next_after := CASE WHEN cardinality(v_looked) = p_limit THEN v_looked[p_limit] END;
    -- A row locked by someone is being posted to, so it is not inactive. The figures are read again under the lock.
    SELECT array_agg(x.account_id) INTO v_accounts
        FROM (SELECT b.account_id
              FROM unnest(v_looked, v_sinces) AS l (account_id, since) JOIN ledger_balance b USING (account_id)
              WHERE b.points_posted + b.points_debt > b.points_held
              AND (b.last_recorded_at < l.since - v_ahead OR NOT EXISTS (
                  SELECT 1 FROM ledger_entry e JOIN ledger_transaction t ON t.id = e.transaction_id
                  WHERE e.account_id = b.account_id AND e.recorded_at >= l.since - v_ahead
                  AND e.kind IN ('earn', 'burn', 'transfer') AND t.occurred_at >= l.since OFFSET 0))
              ORDER BY b.account_id FOR UPDATE OF b SKIP LOCKED) x;
    -- Again under the lock, for those that were posted to between the choice and it (OFFSET 0: account by account).
    SELECT array_agg(b.account_id) INTO v_accounts
        FROM unnest(v_looked, v_sinces) AS l (account_id, since) JOIN ledger_balance b USING (account_id)
        WHERE b.account_id = ANY (v_accounts) AND (b.last_recorded_at < l.since - v_ahead OR NOT EXISTS (
            SELECT 1 FROM ledger_entry e JOIN ledger_transaction t ON t.id = e.transaction_id
            WHERE e.account_id = b.account_id AND e.recorded_at >= l.since - v_ahead
            AND e.kind IN ('earn', 'burn', 'transfer') AND t.occurred_at >= l.since OFFSET 0));
    SELECT array_agg(o.ctid), bool_or(o.points_held > 0) INTO v_places, v_is_held
        FROM ledger_lot_open o WHERE o.account_id = ANY (v_accounts) AND o.points_remaining > o.points_held;
    SELECT d.lots_expired, d.points_expired, d.accounts_touched INTO lots_expired, points_expired, accounts_touched
        FROM ledger_expire_lots(v_accounts, v_places, v_is_held, 'infinity', 'inactivity', p_now) d;
    RETURN NEXT;
END $$;
