-- Puts the points of a burn back into the lots they came from, with their dates, as if the burn had been smaller:
-- what was consumed last comes back first.
CREATE OR REPLACE FUNCTION ledger_restore_lots(p_transaction bigint, p_burn bigint, p_points bigint)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    WITH spent AS (
        SELECT o.line, o.lot_id, o.points_consumed + coalesce((
                SELECT sum(a.points_consumed) FROM ledger_transaction r
                JOIN ledger_allocation a ON a.transaction_id = r.id AND a.lot_id = o.lot_id
                WHERE r.reverses_id = p_burn), 0)::bigint AS points
        FROM ledger_allocation o WHERE o.transaction_id = p_burn),
    ordered AS (
        SELECT s.line, s.lot_id, s.points, sum(s.points) OVER (ORDER BY s.line DESC) - s.points AS points_before
        FROM spent s WHERE s.points > 0)
    INSERT INTO ledger_allocation (transaction_id, line, lot_id, points_consumed)
        SELECT p_transaction, row_number() OVER (ORDER BY o.line DESC), o.lot_id,
            -least(o.points, p_points - o.points_before)
        FROM ordered o WHERE o.points_before < p_points;
    INSERT INTO ledger_lot_open AS o (account_id, spendable_until, earned_at, lot_id, expires_at, points_original, points_remaining)
        SELECT l.account_id, coalesce(l.spendable_until, 'infinity'), l.earned_at, l.id, l.expires_at, l.points_original,
            -a.points_consumed
        FROM ledger_allocation a JOIN ledger_lot l ON l.id = a.lot_id WHERE a.transaction_id = p_transaction
        ON CONFLICT (account_id, spendable_until, earned_at, lot_id)
            DO UPDATE SET points_remaining = o.points_remaining + EXCLUDED.points_remaining;
END $$;

-- Takes an earn back from its own lot first. What was spent of it meanwhile comes from the other lots when the policy
-- is within_balance, and is refused when it is only_pending.
CREATE OR REPLACE FUNCTION ledger_take_back(
    p_transaction bigint, p_earn bigint, p_account bigint, p_points bigint, p_policy text, p_now timestamptz)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_own record;
    v_taken bigint := 0;
    v_missing bigint;
BEGIN
    SELECT o.* INTO v_own FROM ledger_lot l JOIN ledger_lot_open o
        ON o.account_id = l.account_id AND o.spendable_until = coalesce(l.spendable_until, 'infinity')
        AND o.earned_at = l.earned_at AND o.lot_id = l.id
        WHERE l.id = p_earn;
    IF FOUND THEN
        v_taken := least(v_own.points_remaining, p_points);
        IF v_taken = v_own.points_remaining THEN
            DELETE FROM ledger_lot_open o WHERE o.account_id = v_own.account_id AND o.spendable_until = v_own.spendable_until
                AND o.earned_at = v_own.earned_at AND o.lot_id = v_own.lot_id;
        ELSE
            UPDATE ledger_lot_open o SET points_remaining = o.points_remaining - v_taken
                WHERE o.account_id = v_own.account_id AND o.spendable_until = v_own.spendable_until
                AND o.earned_at = v_own.earned_at AND o.lot_id = v_own.lot_id;
        END IF;
        INSERT INTO ledger_allocation VALUES (p_transaction, 1, v_own.lot_id, v_taken);
    END IF;
    v_missing := p_points - v_taken;
    IF v_missing > 0 AND p_policy = 'within_balance' THEN
        v_missing := ledger_consume_lots(p_transaction, p_account, v_missing, p_now, 2);
    END IF;
    IF v_missing > 0 THEN
        PERFORM ledger_refuse('KL001', 'The points to take back have been spent.', jsonb_build_object(
            'points_requested', p_points, 'points_available', p_points - v_missing));
    END IF;
END $$;

-- Reverses an earn or a burn, wholly (p_points null: all that is left of it) or in part. A reversed earn frees the room
-- it had used under caps, in the window where it used it. Refuses with KL001 and KL003 to KL009.
CREATE OR REPLACE FUNCTION ledger_reverse(
    p_transaction uuid, p_reverses uuid, p_points bigint, p_policy text, p_scope text, p_key text, p_request_hash bytea,
    p_occurred_at timestamptz, p_actor_ref text, p_reason text, p_trace jsonb, p_context jsonb,
    p_correlation uuid, p_causation uuid, p_now timestamptz)
RETURNS ledger_receipt LANGUAGE plpgsql AS $$
DECLARE
    v_first record;
    v_balance ledger_balance;
    v_id bigint;
    v_sign integer;
    v_counter bigint;
    v_moved bigint;
    v_left bigint;
    v_points bigint := p_points;
BEGIN
    IF p_points IS NOT NULL AND p_points NOT BETWEEN 1 AND 1000000000000 THEN
        PERFORM ledger_refuse('KL005', 'Points lie between 1 and 1000000000000.', jsonb_build_object('points_amount', p_points));
    END IF;
    SELECT t.id, t.kind, t.account_id, t.program_version_ref, a.public_id AS account_ref, a.owner_ref, a.program_ref,
            a.kind AS account_kind, a.wallet, t.customer_ref
        INTO v_first FROM ledger_transaction t JOIN ledger_account a ON a.id = t.account_id
        WHERE t.public_id = p_reverses;
    IF NOT FOUND THEN
        PERFORM ledger_refuse('KL006', 'There is no such transaction.', jsonb_build_object('transaction_id', p_reverses));
    END IF;
    INSERT INTO ledger_transaction (public_id, kind, idempotency_scope, idempotency_key, request_hash, account_id,
            program_ref, customer_ref, reverses_id, occurred_at, recorded_at, actor_ref, program_version_ref, reason, trace, context)
        VALUES (p_transaction, 'reverse', p_scope, p_key, p_request_hash, v_first.account_id, v_first.program_ref,
            v_first.customer_ref, v_first.id, p_occurred_at, p_now, p_actor_ref, v_first.program_version_ref, p_reason, p_trace, p_context)
        ON CONFLICT (idempotency_scope, idempotency_key) DO NOTHING RETURNING id INTO v_id;
    IF NOT FOUND THEN
        RETURN ledger_replay(p_scope, p_key, p_request_hash);
    END IF;
    IF v_first.kind NOT IN ('earn', 'burn') THEN
        PERFORM ledger_refuse('KL009', 'Only an earn or a burn can be reversed.', jsonb_build_object('kind', v_first.kind));
    END IF;
    PERFORM ledger_lock_caps(v_first.id);
    SELECT b.* INTO v_balance FROM ledger_balance b WHERE b.account_id = v_first.account_id FOR UPDATE;
    IF v_balance.status = 'CLOSED' THEN
        PERFORM ledger_refuse('KL003', 'The account is closed.', jsonb_build_object('status', v_balance.status));
    END IF;
    -- Read under the lock, so that of two reversals at once the second sees the first.
    SELECT abs(e.points_change) INTO v_moved FROM ledger_entry e WHERE e.transaction_id = v_first.id AND e.line = 1;
    SELECT e.account_id INTO v_counter FROM ledger_entry e WHERE e.transaction_id = v_first.id AND e.line = 2;
    SELECT coalesce(v_moved, 0) - coalesce(sum(abs(e.points_change)), 0) INTO v_left
        FROM ledger_transaction r JOIN ledger_entry e ON e.transaction_id = r.id AND e.line = 1
        WHERE r.reverses_id = v_first.id;
    IF v_left = 0 THEN
        PERFORM ledger_refuse('KL007', 'Nothing of the transaction is left to reverse.', jsonb_build_object(
            'transaction_id', p_reverses));
    END IF;
    v_points := coalesce(p_points, v_left);
    IF v_points > v_left THEN
        PERFORM ledger_refuse('KL008', 'More points than the transaction has left.', jsonb_build_object(
            'points_requested', v_points, 'points_reversible', v_left));
    END IF;
    v_sign := CASE v_first.kind WHEN 'burn' THEN 1 ELSE -1 END;
    IF v_first.kind = 'burn' THEN
        PERFORM ledger_restore_lots(v_id, v_first.id, v_points);
    ELSE
        IF v_balance.points_posted - v_balance.points_held < v_points THEN
            PERFORM ledger_refuse('KL001', 'The points to take back have been spent.', jsonb_build_object(
                'points_requested', v_points, 'points_available', v_balance.points_posted - v_balance.points_held));
        END IF;
        PERFORM ledger_take_back(v_id, v_first.id, v_first.account_id, v_points, p_policy, p_now);
    END IF;
    UPDATE ledger_balance b SET points_posted = b.points_posted + v_sign * v_points,
            lifetime_points_earned = b.lifetime_points_earned - CASE v_sign WHEN -1 THEN v_points ELSE 0 END,
            lifetime_points_redeemed = b.lifetime_points_redeemed - CASE v_sign WHEN 1 THEN v_points ELSE 0 END,
            last_sequence = b.last_sequence + 1, last_recorded_at = greatest(b.last_recorded_at, p_now)
        WHERE b.account_id = v_first.account_id RETURNING b.* INTO v_balance;
    PERFORM ledger_free_caps(v_id, v_first.id, v_moved - v_left, v_points, v_moved);
    INSERT INTO ledger_entry VALUES
        (v_id, 1, v_first.account_id, 'reverse', v_sign * v_points, v_balance.last_sequence, v_balance.points_posted,
         v_balance.last_recorded_at),
        (v_id, 2, v_counter, 'reverse', -v_sign * v_points, NULL, NULL, v_balance.last_recorded_at);
    INSERT INTO events_outbox (event_id, type, key, subject_kind, subject_ref, occurred_at, correlation_id, causation_id, data)
        VALUES (p_transaction, 'points.reversed', v_first.owner_ref::text, 'transaction', p_transaction::text,
            p_occurred_at, p_correlation, p_causation,
            jsonb_build_object('transaction_id', p_transaction, 'account_id', v_first.account_ref,
                'account_kind', v_first.account_kind, 'wallet', v_first.wallet, 'owner_ref', v_first.owner_ref,
                'customer_id', coalesce(v_first.customer_ref, v_first.owner_ref), 'program_id', v_first.program_ref,
                'points_amount', v_points, 'points_balance', v_balance.points_posted,
                'lifetime_points_earned', v_balance.lifetime_points_earned,
                'reverses', p_reverses, 'reversed_kind', v_first.kind, 'reason', p_reason, 'context', p_context));
    PERFORM ledger_keep_answer(v_id, v_first.account_id, v_points);
    RETURN ledger_receipt_of(v_id, false);
END $$;
