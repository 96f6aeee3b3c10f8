-- The answer of a hold or of its release, from the row that keeps it; figures are those right after it.
CREATE OR REPLACE FUNCTION ledger_hold_receipt_of(p_hold bigint, p_is_release boolean, p_is_replay boolean)
RETURNS ledger_hold_receipt LANGUAGE sql STABLE AS $$
    SELECT h.public_id, a.public_id, a.owner_ref, a.program_ref, a.wallet, coalesce(h.customer_ref, a.owner_ref),
        CASE WHEN p_is_release THEN h.state::text ELSE 'ACTIVE' END, h.points_amount,
        CASE WHEN p_is_release THEN h.ended_balance ELSE h.points_balance END,
        CASE WHEN p_is_release THEN h.ended_pending ELSE h.points_pending END,
        CASE WHEN p_is_release THEN h.ended_held ELSE h.points_held END,
        CASE WHEN p_is_release THEN h.ended_debt ELSE h.points_debt END,
        p_is_replay, h.held_at, h.expires_at, CASE WHEN p_is_release THEN h.ended_at END, h.context::text
    FROM ledger_hold h JOIN ledger_account a ON a.id = h.account_id WHERE h.id = p_hold
$$;

-- Sets points aside, in the lots that would be burned first; held points do not expire before the hold ends. No entries:
-- nothing has moved yet. Locks: key (the hold's row), balance. Refuses with KL001 to KL005.
CREATE OR REPLACE FUNCTION ledger_put_hold(
    p_hold uuid, p_account uuid, p_points bigint, p_expires_at timestamptz, p_scope text, p_key text, p_request_hash bytea,
    p_occurred_at timestamptz, p_actor_ref text, p_customer_ref uuid, p_reason text, p_context jsonb, p_correlation uuid,
    p_causation uuid, p_now timestamptz)
RETURNS ledger_hold_receipt LANGUAGE plpgsql AS $$
DECLARE
    v_account ledger_account;
    v_balance ledger_balance;
    v_id bigint;
    v_hash bytea;
    v_reserved bigint;
BEGIN
    IF p_points IS NULL OR p_points NOT BETWEEN 1 AND 1000000000000 THEN
        PERFORM ledger_refuse('KL005', 'Points lie between 1 and 1000000000000.', jsonb_build_object('points_amount', p_points));
    END IF;
    SELECT a.* INTO v_account FROM ledger_account a WHERE a.public_id = p_account AND a.kind IN ('member', 'pool');
    IF NOT FOUND THEN
        PERFORM ledger_refuse('KL002', 'There is no such account.', jsonb_build_object('account_id', p_account));
    END IF;
    INSERT INTO ledger_hold (public_id, account_id, points_amount, state, held_at, expires_at, occurred_at, customer_ref,
            actor_ref, reason, context, idempotency_scope, idempotency_key, request_hash, correlation_id, causation_id,
            points_balance, points_held)
        VALUES (p_hold, v_account.id, p_points, 'ACTIVE', p_now, p_expires_at, p_occurred_at,
            nullif(p_customer_ref, v_account.owner_ref), p_actor_ref, p_reason, p_context, p_scope, p_key, p_request_hash, p_correlation, p_causation, 0, 0)
        ON CONFLICT (idempotency_scope, idempotency_key) DO NOTHING RETURNING id INTO v_id;
    IF NOT FOUND THEN
        SELECT h.id, h.request_hash INTO STRICT v_id, v_hash FROM ledger_hold h
            WHERE h.idempotency_scope = p_scope AND h.idempotency_key = p_key;
        IF v_hash <> p_request_hash THEN
            PERFORM ledger_refuse('KL004', 'This idempotency key was used for another request.',
                                  jsonb_build_object('idempotency_key', p_key));
        END IF;
        RETURN ledger_hold_receipt_of(v_id, false, true);
    END IF;
    UPDATE ledger_balance b SET points_held = b.points_held + p_points
        WHERE b.account_id = v_account.id AND b.status = 'ACTIVE' AND b.points_posted - b.points_held >= p_points
        RETURNING b.* INTO v_balance;
    IF NOT FOUND THEN
        PERFORM ledger_refuse_balance(v_account.id, p_points, p_now);
    END IF;
    WITH free AS (
        SELECT o.spendable_until, o.earned_at, o.lot_id, o.points_remaining - o.points_held AS points,
            sum(o.points_remaining - o.points_held) OVER w - (o.points_remaining - o.points_held) AS points_before,
            row_number() OVER w AS place
        FROM ledger_lot_open o
        WHERE o.account_id = v_account.id AND o.spendable_until > p_now AND o.points_remaining > o.points_held
        WINDOW w AS (ORDER BY o.spendable_until, o.earned_at, o.lot_id)),
    chosen AS (
        SELECT f.*, least(f.points, p_points - f.points_before)::bigint AS take FROM free f WHERE f.points_before < p_points),
    reserved AS (
        UPDATE ledger_lot_open o SET points_held = o.points_held + c.take FROM chosen c
            WHERE o.account_id = v_account.id AND o.spendable_until = c.spendable_until AND o.earned_at = c.earned_at
            AND o.lot_id = c.lot_id
            RETURNING c.place, c.lot_id, c.take),
    named AS (
        INSERT INTO ledger_hold_lot SELECT v_id, r.place, r.lot_id, r.take FROM reserved r RETURNING points_amount)
    SELECT coalesce(sum(n.points_amount), 0) INTO v_reserved FROM named n;
    IF v_reserved < p_points THEN
        -- The rest lies in lots that are due and not yet swept: those points have expired.
        PERFORM ledger_refuse('KL001', 'There are not enough points.', jsonb_build_object(
            'points_requested', p_points, 'points_available', v_reserved));
    END IF;
    UPDATE ledger_hold h SET points_balance = v_balance.points_posted, points_pending = v_balance.points_pending,
            points_held = v_balance.points_held, points_debt = v_balance.points_debt
        WHERE h.id = v_id;
    PERFORM ledger_tell_hold(v_id, 'points.held', p_hold, p_occurred_at, p_correlation, p_causation);
    RETURN (p_hold, p_account, v_account.owner_ref, v_account.program_ref, v_account.wallet,
        coalesce(p_customer_ref, v_account.owner_ref), 'ACTIVE', p_points, v_balance.points_posted,
        v_balance.points_pending, v_balance.points_held, v_balance.points_debt, false, p_now, p_expires_at,
        NULL::timestamptz, p_context::text)::ledger_hold_receipt;
END $$;

-- Publishes that a hold began or ended.
CREATE OR REPLACE FUNCTION ledger_tell_hold(
    p_hold bigint, p_type text, p_event uuid, p_occurred_at timestamptz, p_correlation uuid, p_causation uuid)
RETURNS void LANGUAGE sql AS $$
    INSERT INTO events_outbox (event_id, type, key, subject_kind, subject_ref, occurred_at, correlation_id, causation_id, data)
        SELECT p_event, p_type, a.owner_ref::text, 'hold', h.public_id::text, p_occurred_at,
            p_correlation, p_causation,
            jsonb_build_object('hold_id', h.public_id, 'account_id', a.public_id, 'account_kind', a.kind,
                'customer_id', coalesce(h.customer_ref, a.owner_ref), 'owner_ref', a.owner_ref,
                'program_id', a.program_ref, 'wallet', a.wallet, 'points_amount', h.points_amount,
                'points_balance', b.points_posted, 'points_held', b.points_held, 'state', h.state,
                'expires_at', h.expires_at, 'reason', CASE WHEN h.state = 'ACTIVE' THEN h.reason ELSE h.ended_reason END,
                'context', h.context)
        FROM ledger_hold h JOIN ledger_account a ON a.id = h.account_id JOIN ledger_balance b ON b.account_id = a.id
        WHERE h.id = p_hold
$$;

-- Frees what holds reserve in lots; the caller holds the balances.
CREATE OR REPLACE FUNCTION ledger_free_lots(p_holds bigint[]) RETURNS void LANGUAGE sql AS $$
    UPDATE ledger_lot_open o SET points_held = o.points_held - r.points
        FROM (SELECT l.account_id, coalesce(l.spendable_until, 'infinity') AS spendable_until, l.earned_at, l.id,
                  sum(n.points_amount)::bigint AS points
              FROM ledger_hold_lot n JOIN ledger_lot l ON l.id = n.lot_id
              WHERE n.hold_id = ANY (p_holds) GROUP BY l.id, l.account_id, l.spendable_until, l.earned_at) r
        WHERE o.account_id = r.account_id AND o.spendable_until = r.spendable_until AND o.earned_at = r.earned_at
        AND o.lot_id = r.id
$$;

-- Finds a hold and locks the balance of its account, wherever a merge has put it meanwhile; gives the hold as it stands
-- under the lock. Refuses with KL013.
CREATE OR REPLACE FUNCTION ledger_lock_hold(p_hold uuid) RETURNS ledger_hold LANGUAGE plpgsql AS $$
DECLARE
    v_hold ledger_hold;
    v_account bigint;
BEGIN
    LOOP
        SELECT h.account_id INTO v_account FROM ledger_hold h WHERE h.public_id = p_hold;
        IF NOT FOUND THEN
            PERFORM ledger_refuse('KL013', 'There is no such hold.', jsonb_build_object('hold_id', p_hold));
        END IF;
        PERFORM 1 FROM ledger_balance b WHERE b.account_id = v_account FOR UPDATE;
        SELECT h.* INTO STRICT v_hold FROM ledger_hold h WHERE h.public_id = p_hold FOR UPDATE;
        EXIT WHEN v_hold.account_id = v_account;
    END LOOP;
    RETURN v_hold;
END $$;

-- Burns held points, all of them or fewer; the rest is set free. A burn like any other, from the lots that the hold
-- reserved. Locks: key, balance, hold. Refuses with KL001, KL003 to KL005, KL013, KL014.
CREATE OR REPLACE FUNCTION ledger_capture(
    p_transaction uuid, p_hold uuid, p_points bigint, p_scope text, p_key text, p_request_hash bytea,
    p_occurred_at timestamptz, p_actor_ref text, p_version_ref text, p_reason text, p_trace jsonb, p_context jsonb,
    p_correlation uuid, p_causation uuid, p_now timestamptz)
RETURNS ledger_receipt LANGUAGE plpgsql AS $$
DECLARE
    v_hold ledger_hold;
    v_account ledger_account;
    v_balance ledger_balance;
    v_id bigint;
    v_points bigint;
BEGIN
    IF p_points IS NOT NULL AND p_points NOT BETWEEN 1 AND 1000000000000 THEN
        PERFORM ledger_refuse('KL005', 'Points lie between 1 and 1000000000000.', jsonb_build_object('points_amount', p_points));
    END IF;
    SELECT h.* INTO v_hold FROM ledger_hold h WHERE h.public_id = p_hold;
    IF NOT FOUND THEN
        PERFORM ledger_refuse('KL013', 'There is no such hold.', jsonb_build_object('hold_id', p_hold));
    END IF;
    SELECT a.* INTO STRICT v_account FROM ledger_account a WHERE a.id = v_hold.account_id;
    INSERT INTO ledger_transaction (public_id, kind, idempotency_scope, idempotency_key, request_hash, account_id,
            program_ref, hold_id, customer_ref, occurred_at, recorded_at, actor_ref, program_version_ref, reason, trace, context)
        VALUES (p_transaction, 'burn', p_scope, p_key, p_request_hash, v_account.id, v_account.program_ref, v_hold.id,
            v_hold.customer_ref, p_occurred_at, p_now, p_actor_ref, p_version_ref, p_reason, p_trace, p_context)
        ON CONFLICT (idempotency_scope, idempotency_key) DO NOTHING RETURNING id INTO v_id;
    IF NOT FOUND THEN
        RETURN ledger_replay(p_scope, p_key, p_request_hash);
    END IF;
    v_hold := ledger_lock_hold(p_hold);
    IF v_hold.account_id <> v_account.id THEN
        RAISE EXCEPTION 'the account was merged meanwhile' USING ERRCODE = 'serialization_failure';
    END IF;
    IF v_hold.state <> 'ACTIVE' OR v_hold.expires_at <= p_now THEN
        PERFORM ledger_refuse('KL014', 'The hold is not active.', jsonb_build_object('hold_id', p_hold,
            'state', CASE WHEN v_hold.state = 'ACTIVE' THEN 'EXPIRED' ELSE v_hold.state::text END));
    END IF;
    v_points := coalesce(p_points, v_hold.points_amount);
    IF v_points > v_hold.points_amount THEN
        PERFORM ledger_refuse('KL001', 'More points than the hold has.', jsonb_build_object(
            'points_requested', v_points, 'points_available', v_hold.points_amount));
    END IF;
    UPDATE ledger_balance b SET points_posted = b.points_posted - v_points,
            points_held = b.points_held - v_hold.points_amount,
            lifetime_points_redeemed = b.lifetime_points_redeemed + v_points,
            last_sequence = b.last_sequence + 1, last_recorded_at = greatest(b.last_recorded_at, p_now)
        WHERE b.account_id = v_account.id AND b.status = 'ACTIVE' RETURNING b.* INTO v_balance;
    IF NOT FOUND THEN
        PERFORM ledger_refuse_balance(v_account.id, v_points, p_now);
    END IF;
    PERFORM ledger_free_lots(ARRAY[v_hold.id]);
    INSERT INTO ledger_allocation (transaction_id, line, lot_id, points_consumed)
        SELECT v_id, r.line, r.lot_id, least(r.points_amount, v_points - r.points_before)
        FROM (SELECT n.line, n.lot_id, n.points_amount, sum(n.points_amount) OVER (ORDER BY n.line) - n.points_amount AS points_before
              FROM ledger_hold_lot n WHERE n.hold_id = v_hold.id) r
        WHERE r.points_before < v_points;
    PERFORM ledger_take_from_lots(v_id, v_account.id, 1);
    UPDATE ledger_hold h SET state = 'CAPTURED', points_captured = v_points, ended_at = p_now, ended_reason = p_reason
        WHERE h.id = v_hold.id;
    INSERT INTO ledger_entry VALUES (v_id, 1, v_account.id, 'burn', -v_points, v_balance.last_sequence, v_balance.points_posted,
        v_balance.last_recorded_at, v_account.redemption_id);
    IF v_balance.points_pending <> 0 OR v_balance.points_held <> 0 OR v_balance.points_debt <> 0 THEN
        INSERT INTO ledger_answer VALUES (v_id, v_points, v_balance.points_posted, v_balance.points_pending,
            v_balance.points_held, v_balance.points_debt, 0, 0);
    END IF;
    INSERT INTO events_outbox (event_id, type, key, subject_kind, subject_ref, occurred_at, correlation_id, causation_id, data)
        SELECT p_transaction, 'points.burned', v_account.owner_ref::text, 'transaction', p_transaction::text, p_occurred_at,
            p_correlation, p_causation, to_jsonb(fact)
        FROM (SELECT p_transaction AS transaction_id, v_account.public_id AS account_id, v_account.kind AS account_kind,
                coalesce(v_hold.customer_ref, v_account.owner_ref) AS customer_id, v_account.owner_ref AS owner_ref,
                v_account.program_ref AS program_id, v_account.wallet AS wallet, v_points AS points_amount,
                v_balance.points_posted AS points_balance, v_balance.last_sequence AS account_sequence,
                p_reason AS reason, p_context AS context) fact;
    RETURN (p_transaction, v_account.public_id, v_account.owner_ref, v_account.program_ref, v_account.wallet,
        coalesce(v_hold.customer_ref, v_account.owner_ref), 'burn', v_points, v_balance.points_posted,
        v_balance.points_pending, v_balance.points_held, v_balance.points_debt, 0, 0, false, false, p_occurred_at, p_now,
        NULL::timestamptz, NULL::uuid, NULL::uuid, p_hold, NULL::uuid, NULL::bigint, NULL::text,
        p_trace::text, p_context::text)::ledger_receipt;
END $$;

-- Publishes the one event of a transaction on one account, with what every fact about points says and p_more.
CREATE OR REPLACE FUNCTION ledger_tell(
    p_transaction bigint, p_type text, p_points bigint, p_correlation uuid, p_causation uuid, p_more jsonb)
RETURNS void LANGUAGE sql AS $$
    INSERT INTO events_outbox (event_id, type, key, subject_kind, subject_ref, occurred_at, correlation_id, causation_id, data)
        SELECT t.public_id, p_type, a.owner_ref::text, 'transaction', t.public_id::text,
            t.occurred_at, p_correlation, p_causation,
            jsonb_build_object('transaction_id', t.public_id, 'account_id', a.public_id, 'account_kind', a.kind,
                'customer_id', coalesce(t.customer_ref, a.owner_ref), 'owner_ref', a.owner_ref,
                'program_id', t.program_ref, 'wallet', a.wallet, 'points_amount', p_points,
                'points_balance', b.points_posted, 'account_sequence', e.account_sequence, 'reason', t.reason,
                'context', t.context) || p_more
        FROM ledger_transaction t
        JOIN ledger_account a ON a.id = t.account_id JOIN ledger_balance b ON b.account_id = a.id
        LEFT JOIN ledger_entry e ON e.transaction_id = t.id AND e.line = 1
        WHERE t.id = p_transaction
$$;

-- Ends a hold without burning anything. Its key is kept on the hold's row. Refuses with KL004, KL013, KL014.
CREATE OR REPLACE FUNCTION ledger_release(
    p_hold uuid, p_event uuid, p_scope text, p_key text, p_request_hash bytea, p_occurred_at timestamptz, p_reason text,
    p_correlation uuid, p_causation uuid, p_now timestamptz)
RETURNS ledger_hold_receipt LANGUAGE plpgsql AS $$
DECLARE
    v_hold ledger_hold;
    v_used ledger_hold;
BEGIN
    v_hold := ledger_lock_hold(p_hold);
    SELECT h.* INTO v_used FROM ledger_hold h WHERE h.ended_scope = p_scope AND h.ended_key = p_key;
    IF FOUND THEN
        IF v_used.ended_hash <> p_request_hash THEN
            PERFORM ledger_refuse('KL004', 'This idempotency key was used for another request.',
                                  jsonb_build_object('idempotency_key', p_key));
        END IF;
        RETURN ledger_hold_receipt_of(v_used.id, true, true);
    END IF;
    IF v_hold.state <> 'ACTIVE' THEN
        PERFORM ledger_refuse('KL014', 'The hold is not active.', jsonb_build_object(
            'hold_id', p_hold, 'state', v_hold.state));
    END IF;
    UPDATE ledger_balance b SET points_held = b.points_held - v_hold.points_amount WHERE b.account_id = v_hold.account_id;
    PERFORM ledger_free_lots(ARRAY[v_hold.id]);
    BEGIN
        UPDATE ledger_hold h SET state = 'RELEASED', ended_at = p_now, ended_scope = p_scope, ended_key = p_key,
                ended_hash = p_request_hash, ended_reason = p_reason, ended_balance = b.points_posted,
                ended_pending = b.points_pending, ended_held = b.points_held, ended_debt = b.points_debt
            FROM ledger_balance b WHERE h.id = v_hold.id AND b.account_id = h.account_id;
    EXCEPTION WHEN unique_violation THEN
        -- Two holds released at once under one key.
        PERFORM ledger_refuse('KL004', 'This idempotency key was used for another request.',
                              jsonb_build_object('idempotency_key', p_key));
    END;
    PERFORM ledger_tell_hold(v_hold.id, 'points.hold_released', p_event, p_occurred_at, p_correlation, p_causation);
    RETURN ledger_hold_receipt_of(v_hold.id, true, false);
END $$;

-- Ends up to p_limit holds whose time is over, the longest over first; accounts that someone is posting to are left to the
-- next call. Gives what was done; holds_released = 0 means that nothing (free) is due.
CREATE OR REPLACE FUNCTION ledger_release_due(p_now timestamptz, p_limit integer)
RETURNS TABLE (holds_released bigint, points_released bigint, accounts_touched bigint) LANGUAGE plpgsql SET jit = off AS $$
DECLARE
    v_accounts bigint[];
    v_holds bigint[];
BEGIN
    SELECT array_agg(x.account_id) INTO v_accounts
        FROM (SELECT b.account_id FROM ledger_balance b
              WHERE b.account_id IN (SELECT d.account_id FROM (
                  SELECT h.account_id FROM ledger_hold h WHERE h.state = 'ACTIVE' AND h.expires_at <= p_now
                  ORDER BY h.expires_at LIMIT p_limit) d)
              ORDER BY b.account_id FOR UPDATE SKIP LOCKED) x;
    SELECT array_agg(h.id), count(*), coalesce(sum(h.points_amount), 0), count(DISTINCT h.account_id)
        INTO v_holds, holds_released, points_released, accounts_touched
        FROM (SELECT h.* FROM ledger_hold h WHERE h.account_id = ANY (v_accounts) AND h.state = 'ACTIVE'
              AND h.expires_at <= p_now ORDER BY h.expires_at LIMIT p_limit) h;
    IF holds_released > 0 THEN
        PERFORM ledger_free_lots(v_holds);
        UPDATE ledger_balance b SET points_held = b.points_held - r.points
            FROM (SELECT h.account_id, sum(h.points_amount)::bigint AS points FROM ledger_hold h
                  WHERE h.id = ANY (v_holds) GROUP BY h.account_id) r
            WHERE b.account_id = r.account_id;
        UPDATE ledger_hold h SET state = 'EXPIRED', ended_at = p_now, ended_balance = b.points_posted,
                ended_pending = b.points_pending, ended_held = b.points_held, ended_debt = b.points_debt
            FROM ledger_balance b WHERE h.id = ANY (v_holds) AND b.account_id = h.account_id;
        PERFORM ledger_tell_hold(h.id, 'points.hold_released', ledger_new_public_id(p_now), p_now, NULL, NULL)
            FROM unnest(v_holds) AS h (id);
    END IF;
    RETURN NEXT;
END $$;
