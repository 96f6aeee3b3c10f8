-- Merges an account into another of the same program and wallet: lots with their dates, holds, pending points, debt, the
-- use of caps and the lifetime figures move; the source is closed and names the target from then on. One transaction of
-- kind transfer with the reason code `merge`, which is not reversed. Locks: key, caps of both, both balances ascending.
-- Refuses with KL002 to KL004, KL015, KL016.
CREATE OR REPLACE FUNCTION ledger_merge(
    p_transaction uuid, p_account uuid, p_to uuid, p_scope text, p_key text, p_request_hash bytea,
    p_occurred_at timestamptz, p_actor_ref text, p_reason text, p_context jsonb, p_correlation uuid, p_causation uuid,
    p_now timestamptz)
RETURNS ledger_receipt LANGUAGE plpgsql AS $$
DECLARE
    v_from ledger_account;
    v_to ledger_account;
    v_moved ledger_balance;
    v_id bigint;
BEGIN
    IF p_account = p_to THEN
        PERFORM ledger_refuse('KL015', 'An account is not merged into itself.', jsonb_build_object('account_id', p_account));
    END IF;
    SELECT a.* INTO v_from FROM ledger_account a WHERE a.public_id = p_account AND a.kind IN ('member', 'pool');
    SELECT a.* INTO v_to FROM ledger_account a WHERE a.public_id = p_to AND a.kind IN ('member', 'pool');
    IF v_from.id IS NULL OR v_to.id IS NULL THEN
        PERFORM ledger_refuse('KL002', 'There is no such account.', jsonb_build_object(
            'account_id', CASE WHEN v_from.id IS NULL THEN p_account ELSE p_to END));
    END IF;
    IF v_from.program_ref <> v_to.program_ref OR v_from.wallet <> v_to.wallet OR v_from.kind <> v_to.kind THEN
        PERFORM ledger_refuse('KL016', 'The accounts are of different programs, wallets or kinds.', jsonb_build_object(
            'account_id', p_account, 'to_account_id', p_to));
    END IF;
    INSERT INTO ledger_transaction (public_id, kind, idempotency_scope, idempotency_key, request_hash, account_id,
            program_ref, reason_code, occurred_at, recorded_at, actor_ref, reason, context)
        VALUES (p_transaction, 'transfer', p_scope, p_key, p_request_hash, v_from.id, v_from.program_ref, 'merge',
            p_occurred_at, p_now, p_actor_ref, p_reason, p_context)
        ON CONFLICT (idempotency_scope, idempotency_key) DO NOTHING RETURNING id INTO v_id;
    IF NOT FOUND THEN
        RETURN ledger_replay(p_scope, p_key, p_request_hash);
    END IF;
    PERFORM 1 FROM ledger_cap_usage u WHERE u.account_id IN (v_from.id, v_to.id)
        ORDER BY u.account_id, u.cap_ref, u.window_start FOR UPDATE;
    PERFORM 1 FROM ledger_balance b WHERE b.account_id IN (v_from.id, v_to.id) ORDER BY b.account_id FOR UPDATE;
    IF EXISTS (SELECT 1 FROM ledger_balance b WHERE b.account_id IN (v_from.id, v_to.id) AND b.status = 'CLOSED') THEN
        PERFORM ledger_refuse('KL003', 'The account is closed.', jsonb_build_object('status', 'CLOSED'));
    END IF;
    SELECT b.* INTO STRICT v_moved FROM ledger_balance b WHERE b.account_id = v_from.id;
    PERFORM ledger_merge_lots(v_id, v_from.id, v_to.id);
    PERFORM ledger_merge_caps(v_id, v_from.id, v_to.id);
    UPDATE ledger_pending p SET account_id = v_to.id WHERE p.account_id = v_from.id AND p.state = 'PENDING';
    UPDATE ledger_balance b SET points_posted = 0, points_held = 0, points_pending = 0, points_debt = 0,
            lifetime_points_earned = 0, lifetime_points_redeemed = 0, status = 'CLOSED',
            last_sequence = b.last_sequence + (v_moved.points_posted <> 0)::integer,
            last_recorded_at = greatest(b.last_recorded_at, p_now)
        WHERE b.account_id = v_from.id;
    UPDATE ledger_balance b SET points_posted = b.points_posted + v_moved.points_posted,
            points_held = b.points_held + v_moved.points_held, points_pending = b.points_pending + v_moved.points_pending,
            points_debt = b.points_debt + v_moved.points_debt,
            lifetime_points_earned = b.lifetime_points_earned + v_moved.lifetime_points_earned,
            lifetime_points_redeemed = b.lifetime_points_redeemed + v_moved.lifetime_points_redeemed,
            last_sequence = b.last_sequence + (v_moved.points_posted <> 0)::integer,
            last_recorded_at = greatest(b.last_recorded_at, p_now)
        WHERE b.account_id = v_to.id;
    UPDATE ledger_account a SET merged_into_id = v_to.id WHERE a.id = v_from.id;
    PERFORM ledger_merge_debt(v_id, v_from.id, v_to.id, v_moved.points_debt, p_now);
    IF v_moved.points_posted <> 0 THEN
        PERFORM ledger_write_transfer(v_id, v_from.id, v_to.id, 'transfer', -v_moved.points_posted, v_moved.points_posted,
            v_from.adjustment_id);
    END IF;
    PERFORM ledger_keep_answer(v_id, v_from.id, greatest(v_moved.points_posted, 0));
    PERFORM ledger_tell_transfer(v_id, v_to.id, 'points.transferred', p_correlation, p_causation, jsonb_build_object(
        'points_amount', greatest(v_moved.points_posted, 0), 'fee_points', 0, 'reason_code', 'merge'));
    RETURN ledger_receipt_of(v_id, false);
END $$;

-- Moves the lots with what holds reserve of them, and the holds themselves.
CREATE OR REPLACE FUNCTION ledger_merge_lots(p_transaction bigint, p_from bigint, p_to bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_new record;
BEGIN
    WITH gone AS (
        DELETE FROM ledger_lot_open o WHERE o.account_id = p_from RETURNING o.*),
    numbered AS MATERIALIZED (
        SELECT g.*, row_number() OVER w AS place, CASE row_number() OVER w WHEN 1 THEN p_transaction ELSE ledger_next_id() END AS id
        FROM gone g WINDOW w AS (ORDER BY g.spendable_until, g.earned_at, g.lot_id)),
    consumed AS (
        INSERT INTO ledger_allocation (transaction_id, line, lot_id, points_consumed)
            SELECT p_transaction, n.place, n.lot_id, n.points_remaining FROM numbered n),
    lots AS (
        INSERT INTO ledger_lot_apart (id, transaction_id, account_id, earned_at, expires_at, spendable_until, points_original,
                source_lot_id)
            SELECT n.id, p_transaction, p_to, n.earned_at, n.expires_at, nullif(n.spendable_until, 'infinity'),
                n.points_remaining, n.lot_id
            FROM numbered n),
    opened AS (
        INSERT INTO ledger_lot_open (account_id, spendable_until, earned_at, lot_id, expires_at, points_original,
                points_remaining, points_held)
            SELECT p_to, n.spendable_until, n.earned_at, n.id, n.expires_at, n.points_remaining, n.points_remaining, n.points_held
            FROM numbered n)
    SELECT array_agg(n.lot_id) AS before, array_agg(n.id) AS after INTO v_new FROM numbered n WHERE n.points_held > 0;
    UPDATE ledger_hold_lot r SET lot_id = n.after
        FROM ledger_hold h, unnest(v_new.before, v_new.after) AS n (before, after)
        WHERE h.account_id = p_from AND h.state = 'ACTIVE' AND r.hold_id = h.id AND r.lot_id = n.before;
    UPDATE ledger_hold h SET account_id = p_to WHERE h.account_id = p_from AND h.state = 'ACTIVE';
END $$;

-- Moves the use of caps, so that nobody gets a second allowance by having had two accounts.
CREATE OR REPLACE FUNCTION ledger_merge_caps(p_transaction bigint, p_from bigint, p_to bigint) RETURNS void LANGUAGE sql AS $$
    WITH left_behind AS (
        UPDATE ledger_cap_usage u SET units_used = 0 FROM ledger_cap_usage o
            WHERE u.account_id = p_from AND u.units_used > 0 AND o.account_id = u.account_id AND o.cap_ref = u.cap_ref
            AND o.window_start = u.window_start
            RETURNING u.cap_ref, u.window_start, o.units_used, o.units_max),
    hits AS (
        INSERT INTO ledger_cap_hit (transaction_id, cap_ref, window_start, account_id, points_asked, points_counted, units_counted)
            SELECT p_transaction, m.cap_ref, m.window_start, side.account_id, 0, 0, side.sign * m.units_used
            FROM left_behind m, (VALUES (p_from, -1), (p_to, 1)) AS side (account_id, sign))
    INSERT INTO ledger_cap_usage AS u (account_id, cap_ref, window_start, units_used, units_max)
        SELECT p_to, m.cap_ref, m.window_start, m.units_used, m.units_max FROM left_behind m
        ON CONFLICT (account_id, cap_ref, window_start) DO UPDATE SET units_used = u.units_used + EXCLUDED.units_used,
            units_max = greatest(u.units_max, u.units_used + EXCLUDED.units_used)
$$;

-- Moves the debt, and pays what the points of the merged account can pay.
CREATE OR REPLACE FUNCTION ledger_merge_debt(
    p_transaction bigint, p_from bigint, p_to bigint, p_debt bigint, p_now timestamptz)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_debt bigint;
    v_line integer;
    v_settled bigint;
BEGIN
    SELECT b.points_debt INTO v_debt FROM ledger_balance b WHERE b.account_id = p_to;
    SELECT coalesce(max(a.line), 0) + 1 INTO v_line FROM ledger_allocation a WHERE a.transaction_id = p_transaction;
    v_settled := CASE v_debt WHEN 0 THEN 0 ELSE v_debt - ledger_consume_lots(p_transaction, p_to, v_debt, p_now, v_line) END;
    UPDATE ledger_balance b SET points_debt = b.points_debt - v_settled WHERE b.account_id = p_to AND v_settled > 0;
    INSERT INTO ledger_debt_change
        SELECT p_transaction, c.account_id, c.points FROM (VALUES (p_from, -p_debt), (p_to, p_debt - v_settled)) AS c (account_id, points)
        WHERE c.points <> 0;
END $$;
