-- The lots of an account that a transaction made there; where the account was merged into this one, those they became.
CREATE OR REPLACE FUNCTION ledger_own_lots(p_first bigint, p_account bigint)
RETURNS SETOF bigint LANGUAGE sql STABLE AS $$
    WITH RECURSIVE heir AS (
        SELECT l.id, l.account_id FROM ledger_lots_of(p_first) l
        UNION ALL
        SELECT l.id, l.account_id FROM heir h JOIN ledger_lot_apart l ON l.source_lot_id = h.id WHERE h.account_id <> p_account)
    SELECT h.id FROM heir h WHERE h.account_id = p_account
$$;

-- Puts points that a transaction took from the lots of an account back into the same lots, with their dates: those at
-- p_from up to p_until, counted in the order in which they were taken. What was taken last comes back first, because a
-- partial reversal asks for the end of that range. In an account that the first was merged into they become new lots.
CREATE OR REPLACE FUNCTION ledger_restore_lots(
    p_transaction bigint, p_first bigint, p_taken_from bigint, p_account bigint, p_from bigint, p_until bigint)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_line integer;
BEGIN
    IF p_until <= p_from THEN
        RETURN;
    END IF;
    SELECT coalesce(max(a.line), 0) INTO v_line FROM ledger_allocation a WHERE a.transaction_id = p_transaction;
    WITH spent AS (
        SELECT a.line, a.lot_id, a.points_consumed AS points, sum(a.points_consumed) OVER (ORDER BY a.line) AS points_until
        FROM ledger_allocation a JOIN ledger_lot l ON l.id = a.lot_id
        WHERE a.transaction_id = p_first AND a.points_consumed > 0 AND l.account_id = p_taken_from),
    back AS (
        SELECT row_number() OVER (ORDER BY s.line DESC)::integer AS place, s.lot_id,
            least(s.points_until, p_until) - greatest(s.points_until - s.points, p_from) AS points
        FROM spent s WHERE s.points_until > p_from AND s.points_until - s.points < p_until),
    restored AS (
        INSERT INTO ledger_allocation (transaction_id, line, lot_id, points_consumed)
            SELECT p_transaction, v_line + b.place, b.lot_id, -b.points FROM back b WHERE p_account = p_taken_from
            RETURNING lot_id, -points_consumed AS points),
    renewed AS (
        INSERT INTO ledger_lot_apart (id, transaction_id, account_id, earned_at, expires_at, spendable_until, points_original,
                source_lot_id)
            SELECT ledger_next_id(), p_transaction, p_account, l.earned_at, l.expires_at, l.spendable_until, b.points, l.id
            FROM back b JOIN ledger_lot l ON l.id = b.lot_id WHERE p_account <> p_taken_from
            RETURNING id, earned_at, expires_at, spendable_until, points_original)
    INSERT INTO ledger_lot_open AS o
            (account_id, spendable_until, earned_at, lot_id, expires_at, points_original, points_remaining)
        SELECT p_account, coalesce(l.spendable_until, 'infinity'), l.earned_at, l.id, l.expires_at, l.points_original, r.points
        FROM restored r JOIN ledger_lot l ON l.id = r.lot_id
        UNION ALL
        SELECT p_account, coalesce(n.spendable_until, 'infinity'), n.earned_at, n.id, n.expires_at, n.points_original,
            n.points_original
        FROM renewed n
        ON CONFLICT (account_id, spendable_until, earned_at, lot_id)
            DO UPDATE SET points_remaining = o.points_remaining + EXCLUDED.points_remaining;
END $$;

-- Takes back from an account what a transaction brought it: from the lots it made first (the last to expire first), then
-- as the policy says. within_balance goes on with the other lots and takes no more than is available; unlimited goes on
-- with them and leaves the rest as debt; only_pending refuses an earn, and of the others takes only the lots they made.
-- p_points null asks for p_left. Gives the points taken, debt included, which may be fewer than were asked for: what a
-- member returned is returned, whoever has spent its points. They may be none of an earn with within_balance_or_none;
-- else that is refused. Refuses with KL001, KL012.
CREATE OR REPLACE FUNCTION ledger_take_back(
    p_transaction bigint, p_first bigint, p_kind ledger_transaction_kind, p_account bigint, p_points bigint, p_left bigint,
    p_policy text, p_now timestamptz)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_wanted bigint := coalesce(p_points, p_left);
    v_may_be_none boolean := p_policy = 'within_balance_or_none' AND p_kind = 'earn';
    v_available bigint;
    v_taken bigint;
    v_line integer;
    v_missing bigint;
BEGIN
    IF p_policy = 'only_pending' AND p_kind = 'earn' THEN
        PERFORM ledger_refuse('KL012', 'Points that were posted are not taken back here.', jsonb_build_object('policy', p_policy));
    END IF;
    SELECT b.points_posted - b.points_held INTO v_available FROM ledger_balance b WHERE b.account_id = p_account;
    IF p_policy <> 'unlimited' AND v_available < v_wanted THEN
        IF v_available <= 0 AND v_may_be_none THEN
            RETURN 0;
        ELSIF v_available <= 0 THEN
            PERFORM ledger_refuse('KL001', 'The points to take back have been spent.', jsonb_build_object(
                'points_requested', v_wanted, 'points_available', v_available));
        END IF;
        v_wanted := v_available;
    END IF;
    WITH own AS (
        SELECT o.lot_id, o.points_remaining - o.points_held AS points,
            sum(o.points_remaining - o.points_held) OVER w - (o.points_remaining - o.points_held) AS points_before,
            row_number() OVER w AS place
        FROM ledger_own_lots(p_first, p_account) n (id) JOIN ledger_lot l ON l.id = n.id
        JOIN ledger_lot_open o ON o.account_id = l.account_id AND o.spendable_until = coalesce(l.spendable_until, 'infinity')
            AND o.earned_at = l.earned_at AND o.lot_id = l.id
        WHERE o.points_remaining > o.points_held
        WINDOW w AS (ORDER BY o.spendable_until DESC, o.earned_at DESC, o.lot_id DESC)),
    taken AS (
        INSERT INTO ledger_allocation (transaction_id, line, lot_id, points_consumed)
            SELECT p_transaction, w.place, w.lot_id, least(w.points, v_wanted - w.points_before)
            FROM own w WHERE w.points_before < v_wanted
            RETURNING points_consumed)
    SELECT coalesce(sum(t.points_consumed), 0), count(*) + 1 INTO v_taken, v_line FROM taken t;
    PERFORM ledger_take_from_lots(p_transaction, p_account, 1);
    v_missing := v_wanted - v_taken;
    IF v_missing > 0 AND p_policy <> 'only_pending' THEN
        v_missing := ledger_consume_lots(p_transaction, p_account, v_missing, p_now, v_line);
    END IF;
    IF v_missing > 0 AND p_policy = 'unlimited' THEN
        INSERT INTO ledger_debt_change VALUES (p_transaction, p_account, v_missing);
        UPDATE ledger_balance b SET points_debt = b.points_debt + v_missing WHERE b.account_id = p_account;
    ELSIF v_missing = v_wanted AND v_may_be_none THEN
        RETURN 0;
    ELSIF v_missing = v_wanted THEN
        PERFORM ledger_refuse(CASE p_policy WHEN 'only_pending' THEN 'KL012' ELSE 'KL001' END,
            'The points to take back have been spent.', jsonb_build_object(
                'points_requested', v_wanted, 'points_available', v_wanted - v_missing));
    ELSE
        v_wanted := v_wanted - v_missing;
    END IF;
    RETURN v_wanted;
END $$;

-- Reverses a transaction, wholly (p_points null: all that is left of it) or in part; as much of it as the policy lets, and
-- the answer tells what it lacks. A burn and a negative adjustment give the same lots back; an earn and a positive adjustment are taken back; a transfer both,
-- and its fee comes back in proportion; an expiry is reinstated as a new lot with the dates given. A reversed earn frees
-- the room it had used under caps, in the window where it used it. A pending earn is cancelled, and one that was confirmed
-- meanwhile is reversed itself. Locks: key, caps, balances ascending. Refuses with KL001, KL003 to KL009, KL012.
CREATE OR REPLACE FUNCTION ledger_reverse(
    p_transaction uuid, p_reverses uuid, p_points bigint, p_policy text, p_expires_at timestamptz,
    p_spendable_until timestamptz, p_scope text, p_key text, p_request_hash bytea, p_occurred_at timestamptz,
    p_actor_ref text, p_reason text, p_trace jsonb, p_context jsonb, p_correlation uuid, p_causation uuid, p_now timestamptz)
RETURNS ledger_receipt LANGUAGE plpgsql AS $$
DECLARE
    v_first ledger_transaction;
    v_confirming ledger_transaction;
    v_account bigint;
    v_other bigint;
    v_id bigint;
BEGIN
    IF p_points IS NOT NULL AND p_points NOT BETWEEN 1 AND 1000000000000 THEN
        PERFORM ledger_refuse('KL005', 'Points lie between 1 and 1000000000000.', jsonb_build_object('points_amount', p_points));
    END IF;
    SELECT t.* INTO v_first FROM ledger_transaction t WHERE t.public_id = p_reverses;
    IF NOT FOUND THEN
        PERFORM ledger_refuse('KL006', 'There is no such transaction.', jsonb_build_object('transaction_id', p_reverses));
    END IF;
    IF v_first.is_pending THEN
        SELECT t.* INTO v_confirming FROM ledger_pending p JOIN ledger_transaction t ON t.id = p.ended_by
            WHERE p.transaction_id = v_first.id AND p.state = 'CONFIRMED';
        IF FOUND THEN
            v_first := v_confirming;
        END IF;
    END IF;
    v_account := ledger_standing_account(v_first.account_id);
    INSERT INTO ledger_transaction (public_id, kind, idempotency_scope, idempotency_key, request_hash, account_id,
            program_ref, reverses_id, customer_ref, occurred_at, recorded_at, actor_ref, program_version_ref, reason,
            trace, context)
        VALUES (p_transaction, 'reverse', p_scope, p_key, p_request_hash, v_account, v_first.program_ref,
            v_first.id, v_first.customer_ref, p_occurred_at, p_now, p_actor_ref, v_first.program_version_ref, p_reason,
            p_trace, p_context)
        ON CONFLICT (idempotency_scope, idempotency_key) DO NOTHING RETURNING id INTO v_id;
    IF NOT FOUND THEN
        RETURN ledger_replay(p_scope, p_key, p_request_hash);
    END IF;
    IF v_first.kind = 'reverse' OR v_first.reason_code = 'merge' THEN
        PERFORM ledger_refuse('KL009', 'This kind of transaction cannot be reversed.', jsonb_build_object('kind',
            CASE v_first.kind WHEN 'transfer' THEN 'merge' ELSE v_first.kind::text END));
    END IF;
    IF v_first.kind = 'transfer' THEN
        SELECT ledger_standing_account(e.account_id) INTO v_other FROM ledger_entry e
            WHERE e.transaction_id = v_first.id AND e.line = 2;
        IF v_other = v_account THEN
            PERFORM ledger_refuse('KL009', 'The two accounts have been merged.', jsonb_build_object('kind', v_first.kind));
        END IF;
    END IF;
    PERFORM ledger_lock_caps(coalesce(v_first.confirms_id, v_first.id));
    PERFORM ledger_lock_standing(ARRAY[v_account, v_other]);
    IF v_first.is_pending THEN
        PERFORM ledger_reverse_pending(v_id, v_first.id, v_account, p_points);
    ELSE
        PERFORM ledger_reverse_posted(v_id, v_first, v_account, v_other, p_points, p_policy, p_expires_at,
                                      p_spendable_until, p_occurred_at, p_now);
    END IF;
    PERFORM ledger_tell_reversal(v_id, v_first, v_other, p_correlation, p_causation);
    RETURN ledger_receipt_of(v_id, false);
END $$;

-- Locks balances ascending. A closed account refuses with KL003; one that was merged meanwhile is to be looked up anew.
CREATE OR REPLACE FUNCTION ledger_lock_standing(p_accounts bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_closed bigint;
BEGIN
    SELECT max(x.account_id) FILTER (WHERE x.status = 'CLOSED') INTO v_closed
        FROM (SELECT b.account_id, b.status FROM ledger_balance b WHERE b.account_id = ANY (p_accounts)
              ORDER BY b.account_id FOR UPDATE) x;
    IF v_closed IS NOT NULL THEN
        IF EXISTS (SELECT 1 FROM ledger_account a WHERE a.id = v_closed AND a.merged_into_id IS NOT NULL) THEN
            RAISE EXCEPTION 'the account was merged meanwhile' USING ERRCODE = 'serialization_failure';
        END IF;
        PERFORM ledger_refuse('KL003', 'The account is closed.', jsonb_build_object('status', 'CLOSED'));
    END IF;
END $$;

-- Refuses to reverse more than is left; gives what is to be reversed.
CREATE OR REPLACE FUNCTION ledger_check_left(p_first bigint, p_points bigint, p_left bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(p_left, 0) = 0 THEN
        PERFORM ledger_refuse('KL007', 'Nothing of the transaction is left to reverse.', jsonb_build_object(
            'transaction_id', (SELECT t.public_id FROM ledger_transaction t WHERE t.id = p_first)));
    END IF;
    IF p_points > p_left THEN
        PERFORM ledger_refuse('KL008', 'More points than the transaction has left.', jsonb_build_object(
            'points_requested', p_points, 'points_reversible', p_left));
    END IF;
END $$;

-- Cancels a pending earn, wholly or in part. Nothing was posted, so no entries are written.
CREATE OR REPLACE FUNCTION ledger_reverse_pending(p_transaction bigint, p_first bigint, p_account bigint, p_points bigint)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_pending ledger_pending;
    v_points bigint;
BEGIN
    SELECT p.* INTO v_pending FROM ledger_pending p WHERE p.transaction_id = p_first FOR UPDATE;
    IF v_pending.state = 'CONFIRMED' THEN
        RAISE EXCEPTION 'the points were confirmed meanwhile' USING ERRCODE = 'serialization_failure';
    END IF;
    PERFORM ledger_check_left(p_first, p_points, v_pending.points_amount);
    v_points := coalesce(p_points, v_pending.points_amount);
    UPDATE ledger_pending p SET points_amount = p.points_amount - v_points,
            state = CASE WHEN p.points_amount = v_points THEN 'CANCELLED' ELSE p.state END,
            ended_by = CASE WHEN p.points_amount = v_points THEN p_transaction END
        WHERE p.transaction_id = p_first;
    UPDATE ledger_balance b SET points_pending = b.points_pending - v_points WHERE b.account_id = p_account;
    PERFORM ledger_free_caps(p_transaction, p_first, v_pending.points_original - v_pending.points_amount, v_points,
                             v_pending.points_original);
    PERFORM ledger_keep_answer(p_transaction, p_account, v_points);
END $$;

-- Moves the points of a reversal and writes its entries; caps and balances are locked.
CREATE OR REPLACE FUNCTION ledger_reverse_posted(
    p_transaction bigint, p_first ledger_transaction, p_account bigint, p_other bigint, p_points bigint, p_policy text,
    p_expires_at timestamptz, p_spendable_until timestamptz, p_occurred_at timestamptz, p_now timestamptz)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    -- The line whose points are what was moved: of a transfer the recipient's, because the sender's has the fee in it.
    v_leg integer := CASE p_first.kind WHEN 'transfer' THEN 2 ELSE 1 END;
    v_taken_from bigint;
    v_counter bigint;
    v_whole bigint;
    v_moved bigint;
    v_before bigint;
    v_left bigint;
    v_points bigint;
    v_fee bigint := 0;
    v_fee_before bigint := 0;
    v_change bigint;
BEGIN
    -- Read under the lock, so that of two reversals at once the second sees the first.
    SELECT max(e.account_id) FILTER (WHERE e.line = 1), max(e.points_change) FILTER (WHERE e.line = 1),
            max(abs(e.points_change)) FILTER (WHERE e.line = v_leg),
            max(e.counter_id)
        INTO v_taken_from, v_whole, v_moved, v_counter FROM ledger_entry e WHERE e.transaction_id = p_first.id;
    SELECT coalesce(sum(abs(e.points_change)), 0) INTO v_before
        FROM ledger_transaction r JOIN ledger_entry e ON e.transaction_id = r.id AND e.line = v_leg
        WHERE r.reverses_id = p_first.id;
    v_left := v_moved - v_before;
    PERFORM ledger_check_left(p_first.id, p_points, v_left);
    v_points := coalesce(p_points, v_left);
    IF p_other IS NOT NULL THEN
        v_points := ledger_take_back(p_transaction, p_first.id, p_first.kind, p_other, p_points, v_left, p_policy, p_now);
        v_fee_before := div((-v_whole - v_moved)::numeric * v_before, v_moved);
        v_fee := div((-v_whole - v_moved)::numeric * (v_before + v_points), v_moved) - v_fee_before;
        UPDATE ledger_balance b SET points_posted = b.points_posted - v_points, last_sequence = b.last_sequence + 1,
                last_recorded_at = greatest(b.last_recorded_at, p_now)
            WHERE b.account_id = p_other;
    ELSIF v_whole > 0 THEN
        v_points := ledger_take_back(p_transaction, p_first.id, p_first.kind, p_account, p_points, v_left, p_policy, p_now);
    ELSIF p_first.kind = 'expire' THEN
        INSERT INTO ledger_lot_apart (id, transaction_id, account_id, earned_at, expires_at, spendable_until, points_original)
            VALUES (p_transaction, p_transaction, p_account, p_occurred_at, p_expires_at,
                    coalesce(p_spendable_until, p_expires_at), v_points);
        INSERT INTO ledger_lot_open (account_id, spendable_until, earned_at, lot_id, expires_at, points_original, points_remaining)
            VALUES (p_account, coalesce(p_spendable_until, p_expires_at, 'infinity'), p_occurred_at, p_transaction,
                    p_expires_at, v_points, v_points);
    END IF;
    IF v_points = 0 THEN
        -- Nothing is there to take back: the answer tells so, and nothing moves.
        PERFORM ledger_keep_answer(p_transaction, p_account, 0, 0, coalesce(p_points, v_left));
        RETURN;
    END IF;
    v_change := CASE WHEN v_whole > 0 THEN -v_points ELSE v_points + v_fee END;
    IF v_whole < 0 AND p_first.kind <> 'expire' THEN
        PERFORM ledger_restore_lots(p_transaction, p_first.id, v_taken_from, p_account, v_left - v_points, v_left);
        PERFORM ledger_restore_lots(p_transaction, p_first.id, v_taken_from, p_account,
            -v_whole - v_fee_before - v_fee, -v_whole - v_fee_before);
    END IF;
    UPDATE ledger_balance b SET points_posted = b.points_posted + v_change,
            lifetime_points_earned = b.lifetime_points_earned - CASE p_first.kind WHEN 'earn' THEN v_points ELSE 0 END,
            lifetime_points_redeemed = b.lifetime_points_redeemed - CASE p_first.kind WHEN 'burn' THEN v_points ELSE 0 END,
            last_sequence = b.last_sequence + 1, last_recorded_at = greatest(b.last_recorded_at, p_now)
        WHERE b.account_id = p_account;
    IF v_change > 0 THEN
        PERFORM ledger_settle_debt(p_transaction, p_account);
    END IF;
    IF p_other IS NOT NULL THEN
        PERFORM ledger_write_transfer(p_transaction, p_account, p_other, 'reverse', v_change, -v_points, v_counter);
    ELSE
        INSERT INTO ledger_entry (transaction_id, line, account_id, kind, points_change, account_sequence, balance_after, recorded_at,
                counter_id)
            SELECT p_transaction, 1, p_account, 'reverse', v_change, b.last_sequence, b.points_posted, b.last_recorded_at, v_counter
            FROM ledger_balance b WHERE b.account_id = p_account;
    END IF;
    PERFORM ledger_free_reversed_caps(p_transaction, p_first, v_before, v_points, v_moved);
    PERFORM ledger_keep_answer(p_transaction, p_account, v_points, 0, coalesce(p_points, v_left) - v_points);
END $$;

-- Frees the caps of what was reversed. An earn that confirmed a pending one had its caps counted there, for all the points
-- that were pending at first.
CREATE OR REPLACE FUNCTION ledger_free_reversed_caps(
    p_transaction bigint, p_first ledger_transaction, p_before bigint, p_points bigint, p_moved bigint)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_original bigint;
BEGIN
    IF p_first.confirms_id IS NULL THEN
        PERFORM ledger_free_caps(p_transaction, p_first.id, p_before, p_points, p_moved);
    ELSE
        SELECT p.points_original INTO v_original FROM ledger_pending p WHERE p.transaction_id = p_first.confirms_id;
        PERFORM ledger_free_caps(p_transaction, p_first.confirms_id, v_original - p_moved + p_before, p_points, v_original);
    END IF;
END $$;

-- Publishes a reversal with what it reversed; one of a transfer tells both sides.
CREATE OR REPLACE FUNCTION ledger_tell_reversal(
    p_transaction bigint, p_first ledger_transaction, p_other bigint, p_correlation uuid, p_causation uuid)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_points bigint;
    v_more jsonb;
BEGIN
    SELECT coalesce(w.points_amount, abs(e.points_change)) INTO v_points
        FROM ledger_transaction t LEFT JOIN ledger_answer w ON w.transaction_id = t.id
        LEFT JOIN ledger_entry e ON e.transaction_id = t.id AND e.line = 1 WHERE t.id = p_transaction;
    SELECT jsonb_build_object('reverses', p_first.public_id, 'reversed_kind', CASE WHEN p_first.is_pending THEN 'pending' ELSE p_first.kind::text END,
            'reversed_occurred_at', p_first.occurred_at, 'reversed_context', p_first.context,
            'reversed_points_amount', (ledger_receipt_of(p_first.id, false)).points_amount,
            'lifetime_points_earned', b.lifetime_points_earned)
        INTO v_more FROM ledger_transaction t JOIN ledger_balance b ON b.account_id = t.account_id WHERE t.id = p_transaction;
    IF p_other IS NULL THEN
        PERFORM ledger_tell(p_transaction, 'points.reversed', v_points, p_correlation, p_causation, v_more
            || '{"to_account_id": null, "to_account_kind": null, "to_owner_ref": null, "to_points_balance": null,
                 "to_account_sequence": null}');
    ELSE
        PERFORM ledger_tell_transfer(p_transaction, p_other, 'points.reversed', p_correlation, p_causation,
                                     v_more || jsonb_build_object('points_amount', v_points));
    END IF;
END $$;

-- Reverses for hundreds of lines, with the meaning of as many single reversals in the order of the lines; a refused line
-- does not stop the others: its row tells the code. Caps and then balances are locked ascending before the first line.
CREATE OR REPLACE FUNCTION ledger_reverse_batch(p_lines jsonb, p_now timestamptz)
RETURNS TABLE (line integer, refusal text, receipt ledger_receipt) LANGUAGE plpgsql SET jit = off AS $$
DECLARE
    v_line record;
    v_facts text;
BEGIN
    PERFORM 1 FROM ledger_cap_usage u WHERE (u.account_id, u.cap_ref, u.window_start) IN (
            SELECT ledger_standing_account(h.account_id), h.cap_ref, h.window_start
            FROM jsonb_to_recordset(p_lines) AS l (reverses uuid) JOIN ledger_transaction t ON t.public_id = l.reverses
            JOIN ledger_cap_count h ON h.transaction_id IN (t.id, t.confirms_id))
        ORDER BY u.account_id, u.cap_ref, u.window_start FOR UPDATE;
    PERFORM 1 FROM ledger_balance b WHERE b.account_id IN (
            SELECT ledger_standing_account(t.account_id) FROM jsonb_to_recordset(p_lines) AS l (reverses uuid)
            JOIN ledger_transaction t ON t.public_id = l.reverses
            UNION ALL
            SELECT ledger_standing_account(e.account_id) FROM jsonb_to_recordset(p_lines) AS l (reverses uuid)
            JOIN ledger_transaction t ON t.public_id = l.reverses AND t.kind = 'transfer'
            JOIN ledger_entry e ON e.transaction_id = t.id AND e.line = 2)
        ORDER BY b.account_id FOR UPDATE;
    FOR v_line IN
        SELECT l.* FROM jsonb_to_recordset(p_lines) AS l (line integer, transaction_id uuid, reverses uuid,
            points_amount bigint, policy text, expires_at timestamptz, spendable_until timestamptz, idempotency_scope text,
            idempotency_key text, request_hash bytea, occurred_at timestamptz, actor_ref text, reason text, trace jsonb,
            context jsonb, correlation_id uuid, causation_id uuid)
        ORDER BY l.line
    LOOP
        line := v_line.line;
        refusal := NULL;
        receipt := NULL;
        BEGIN
            receipt := ledger_reverse(v_line.transaction_id, v_line.reverses, v_line.points_amount, v_line.policy,
                v_line.expires_at, v_line.spendable_until, v_line.idempotency_scope, v_line.idempotency_key,
                v_line.request_hash, v_line.occurred_at, v_line.actor_ref, v_line.reason, v_line.trace, v_line.context,
                v_line.correlation_id, v_line.causation_id, p_now);
        EXCEPTION WHEN OTHERS THEN
            IF SQLSTATE NOT LIKE 'KL%' THEN
                RAISE;
            END IF;
            GET STACKED DIAGNOSTICS v_facts = PG_EXCEPTION_DETAIL;
            refusal := ledger_refusal(SQLSTATE, SQLERRM, v_facts::jsonb);
        END;
        RETURN NEXT;
    END LOOP;
END $$;
