-- Earns points: idempotency, caps, balance, lot, entries and event in one call and one transaction.
-- Locks, in the order of the house: idempotency key, cap, balance. Refuses with KL002 to KL005.
CREATE OR REPLACE FUNCTION ledger_earn(
    p_transaction uuid, p_account uuid, p_points bigint, p_scope text, p_key text, p_request_hash bytea,
    p_occurred_at timestamptz, p_expires_at timestamptz, p_cap_refs text[], p_cap_windows date[], p_cap_maxima bigint[],
    p_actor_ref text, p_version_ref text, p_trace jsonb, p_context jsonb, p_correlation uuid, p_causation uuid,
    p_now timestamptz)
RETURNS ledger_receipt LANGUAGE plpgsql AS $$
DECLARE
    v_account bigint;
    v_owner uuid;
    v_program uuid;
    v_issuance bigint;
    v_id bigint;
    v_lot bigint;
    v_posted bigint;
    v_sequence bigint;
    v_earned bigint;
    v_recorded_at timestamptz;
    v_granted bigint := p_points;
    v_caps integer := coalesce(cardinality(p_cap_refs), 0);
    v_expires_at timestamptz := p_expires_at;
BEGIN
    IF p_points IS NULL OR p_points NOT BETWEEN 1 AND 1000000000000 THEN
        PERFORM ledger_refuse('KL005', 'Points lie between 1 and 1000000000000.', jsonb_build_object('points_amount', p_points));
    END IF;
    SELECT a.id, a.owner_ref, a.program_ref, a.issuance_id INTO v_account, v_owner, v_program, v_issuance
        FROM ledger_account a WHERE a.public_id = p_account AND a.kind = 'member';
    IF NOT FOUND THEN
        PERFORM ledger_refuse('KL002', 'There is no such account.', jsonb_build_object('account_id', p_account));
    END IF;
    INSERT INTO ledger_transaction (public_id, kind, idempotency_scope, idempotency_key, request_hash, account_id,
            program_ref, occurred_at, recorded_at, actor_ref, program_version_ref, trace, context)
        VALUES (p_transaction, 'earn', p_scope, p_key, p_request_hash, v_account,
            v_program, p_occurred_at, p_now, p_actor_ref, p_version_ref, p_trace, p_context)
        ON CONFLICT (idempotency_scope, idempotency_key) DO NOTHING RETURNING id INTO v_id;
    IF NOT FOUND THEN
        RETURN ledger_replay(p_scope, p_key, p_request_hash);
    END IF;
    IF v_caps = 1 THEN
        -- One cap, the common case, is one upsert. A cap lowered below its use counts nothing more and keeps the limit
        -- under which that was counted.
        INSERT INTO ledger_cap_usage AS u (account_id, cap_ref, window_start, points_used, points_max, last_counted)
            VALUES (v_account, p_cap_refs[1], p_cap_windows[1],
                least(p_points, p_cap_maxima[1]), p_cap_maxima[1], least(p_points, p_cap_maxima[1]))
            ON CONFLICT (account_id, cap_ref, window_start) DO UPDATE SET
                last_counted = greatest(0, least(p_points, EXCLUDED.points_max - u.points_used)),
                points_used = u.points_used + greatest(0, least(p_points, EXCLUDED.points_max - u.points_used)),
                points_max = greatest(EXCLUDED.points_max, u.points_used)
            RETURNING u.last_counted INTO v_granted;
    ELSIF v_caps > 1 THEN
        v_granted := ledger_count_caps(v_account, p_cap_refs, p_cap_windows, p_cap_maxima, p_points);
    END IF;
    UPDATE ledger_balance b SET points_posted = b.points_posted + v_granted,
            lifetime_points_earned = b.lifetime_points_earned + v_granted,
            last_sequence = b.last_sequence + (v_granted > 0)::integer,
            last_recorded_at = greatest(b.last_recorded_at, p_now)
        WHERE b.account_id = v_account AND b.status = 'ACTIVE'
        RETURNING b.points_posted, b.last_sequence, b.last_recorded_at, b.lifetime_points_earned
        INTO v_posted, v_sequence, v_recorded_at, v_earned;
    IF NOT FOUND THEN
        PERFORM ledger_refuse_balance(v_account, p_points);
    END IF;
    IF v_caps = 1 THEN
        INSERT INTO ledger_cap_hit VALUES (v_id, p_cap_refs[1], p_cap_windows[1], v_account, p_points, v_granted,
            v_posted);
    ELSIF v_caps > 1 THEN
        INSERT INTO ledger_cap_hit
            SELECT v_id, c.ref, c.window_start, v_account, p_points, v_granted, v_posted
            FROM unnest(p_cap_refs, p_cap_windows) AS c (ref, window_start);
    END IF;
    IF v_granted > 0 THEN
        INSERT INTO ledger_lot (transaction_id, account_id, earned_at, expires_at, points_original)
            VALUES (v_id, v_account, p_occurred_at, p_expires_at, v_granted) RETURNING id INTO v_lot;
        INSERT INTO ledger_lot_open (account_id, expires_at, earned_at, lot_id, points_original, points_remaining)
            VALUES (v_account, coalesce(p_expires_at, 'infinity'), p_occurred_at, v_lot, v_granted, v_granted);
        INSERT INTO ledger_entry VALUES
            (v_id, 1, v_account, 'earn', v_granted, v_sequence, v_posted,
             v_recorded_at),
            (v_id, 2, v_issuance, 'earn', -v_granted, NULL, NULL, v_recorded_at);
    ELSE
        v_expires_at := NULL;
    END IF;
    INSERT INTO events_outbox (event_id, type, key, subject_kind, subject_ref, occurred_at, correlation_id, causation_id, data)
        VALUES (p_transaction, CASE WHEN v_granted > 0 THEN 'points.earned' ELSE 'points.capped' END,
            v_owner::text, 'transaction', p_transaction::text, p_occurred_at, p_correlation, p_causation,
            jsonb_build_object('transaction_id', p_transaction, 'account_id', p_account,
                'customer_id', v_owner, 'program_id', v_program,
                'points_amount', v_granted, 'points_balance', v_posted,
                'points_lost_to_caps', p_points - v_granted, 'lifetime_points_earned', v_earned,
                'expires_at', v_expires_at, 'context', p_context));
    RETURN (p_transaction, p_account, v_owner, v_program, 'earn', v_granted,
        v_posted, p_points - v_granted, false, p_occurred_at, p_now, v_expires_at, NULL::uuid,
        p_trace::text, p_context::text)::ledger_receipt;
END $$;
