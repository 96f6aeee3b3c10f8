-- Earns points: idempotency, caps, balance, lot, entries and event in one call and one transaction.
-- Locks, in the order of the house: idempotency key, cap, balance. Refuses with KL002 to KL005 and KL011.
-- The common case (one cap, no parts, nothing pending, no debt) is kept free of everything rarer.
CREATE OR REPLACE FUNCTION ledger_earn(
    p_transaction uuid, p_account uuid, p_points bigint, p_scope text, p_key text, p_request_hash bytea,
    p_occurred_at timestamptz, p_expires_at timestamptz, p_cap_refs text[], p_cap_windows date[], p_cap_maxima bigint[],
    p_actor_ref text, p_version_ref text, p_trace jsonb, p_context jsonb, p_correlation uuid, p_causation uuid,
    p_now timestamptz, p_spendable_until timestamptz DEFAULT NULL, p_customer uuid DEFAULT NULL,
    p_is_pending boolean DEFAULT false, p_activates_at timestamptz DEFAULT NULL,
    p_part_codes text[] DEFAULT NULL, p_part_points bigint[] DEFAULT NULL, p_cap_per_point bigint[] DEFAULT NULL,
    p_cap_parts text[] DEFAULT NULL, p_cap_is_shared boolean[] DEFAULT NULL, p_cap_is_refused boolean[] DEFAULT NULL)
RETURNS ledger_receipt LANGUAGE plpgsql AS $$
DECLARE
    v_account ledger_account;
    v_id bigint;
    v_posted bigint;
    v_held bigint;
    v_pending bigint;
    v_debt bigint;
    v_sequence bigint;
    v_earned bigint;
    v_recorded_at timestamptz;
    v_granted bigint := p_points;
    v_parts bigint[];
    v_caps integer := coalesce(cardinality(p_cap_refs), 0);
    v_spendable_until timestamptz := coalesce(p_spendable_until, p_expires_at);
    v_expires_at timestamptz := p_expires_at;
    v_hits text;
    v_cap_ref text;
    v_cap_window date;
BEGIN
    IF p_points IS NULL OR p_points NOT BETWEEN 1 AND 1000000000000 THEN
        PERFORM ledger_refuse('KL005', 'Points lie between 1 and 1000000000000.', jsonb_build_object('points_amount', p_points));
    END IF;
    SELECT a.* INTO v_account FROM ledger_account a WHERE a.public_id = p_account AND a.issuance_id IS NOT NULL;
    IF NOT FOUND THEN
        PERFORM ledger_refuse('KL002', 'There is no such account.', jsonb_build_object('account_id', p_account));
    END IF;
    INSERT INTO ledger_transaction (public_id, kind, idempotency_scope, idempotency_key, request_hash, account_id,
            program_ref, customer_ref, is_pending, occurred_at, recorded_at, actor_ref, program_version_ref, trace, context)
        VALUES (p_transaction, 'earn', p_scope, p_key, p_request_hash, v_account.id,
            v_account.program_ref, nullif(p_customer, v_account.owner_ref), p_is_pending, p_occurred_at, p_now, p_actor_ref,
            p_version_ref, p_trace, p_context)
        ON CONFLICT (idempotency_scope, idempotency_key) DO NOTHING RETURNING id INTO v_id;
    IF NOT FOUND THEN
        RETURN ledger_replay(p_scope, p_key, p_request_hash);
    END IF;
    IF v_caps = 1 AND p_cap_per_point IS NULL AND p_cap_parts IS NULL AND p_cap_is_shared IS NULL
            AND p_cap_is_refused IS NULL AND p_part_codes IS NULL THEN
        -- One cap of one unit per point, the common case, is one upsert. A cap lowered below its use counts nothing more
        -- and keeps the limit under which that was counted.
        INSERT INTO ledger_cap_usage AS u (account_id, cap_ref, window_start, units_used, units_max, last_counted)
            VALUES (v_account.id, p_cap_refs[1], p_cap_windows[1],
                least(p_points, p_cap_maxima[1]), p_cap_maxima[1], least(p_points, p_cap_maxima[1]))
            ON CONFLICT (account_id, cap_ref, window_start) DO UPDATE SET
                last_counted = greatest(0, least(p_points, EXCLUDED.units_max - u.units_used)),
                units_used = u.units_used + greatest(0, least(p_points, EXCLUDED.units_max - u.units_used)),
                units_max = greatest(EXCLUDED.units_max, u.units_used)
            RETURNING u.last_counted INTO v_granted;
        IF v_granted = p_points AND NOT p_is_pending THEN
            v_cap_ref := p_cap_refs[1];
            v_cap_window := p_cap_windows[1];
        ELSE
            INSERT INTO ledger_cap_hit VALUES (v_id, p_cap_refs[1], p_cap_windows[1], v_account.id, p_points, v_granted,
                v_granted);
        END IF;
    ELSIF v_caps > 0 OR p_part_codes IS NOT NULL THEN
        v_parts := ledger_count_caps(v_id, v_account.id, p_part_codes, coalesce(p_part_points, ARRAY[p_points]), p_cap_refs,
            p_cap_windows, p_cap_maxima, p_cap_per_point, p_cap_parts, p_cap_is_shared, p_cap_is_refused);
        v_granted := (SELECT sum(v.points) FROM unnest(v_parts) AS v (points));
        INSERT INTO ledger_part
            SELECT v_id, n, p_part_codes[n], p_part_points[n], v_parts[n]
            FROM generate_series(1, coalesce(cardinality(p_part_codes), 0)) n;
    END IF;
    IF p_is_pending THEN
        RETURN ledger_earn_pending(v_id, v_account, p_points, v_granted, v_spendable_until, p_activates_at, p_expires_at,
                                   p_correlation, p_causation, p_now);
    END IF;
    UPDATE ledger_balance b SET points_posted = b.points_posted + v_granted,
            lifetime_points_earned = b.lifetime_points_earned + v_granted,
            last_sequence = b.last_sequence + (v_granted > 0)::integer,
            last_recorded_at = greatest(b.last_recorded_at, p_now)
        WHERE b.account_id = v_account.id AND b.status = 'ACTIVE'
        RETURNING b.points_posted, b.last_sequence, b.last_recorded_at, b.lifetime_points_earned, b.points_held,
            b.points_pending, b.points_debt
        INTO v_posted, v_sequence, v_recorded_at, v_earned, v_held, v_pending, v_debt;
    IF NOT FOUND THEN
        PERFORM ledger_refuse_balance(v_account.id, p_points, p_now);
    END IF;
    IF v_granted > 0 THEN
        INSERT INTO ledger_lot_open (account_id, spendable_until, earned_at, lot_id, expires_at, points_original,
                points_remaining)
            VALUES (v_account.id, coalesce(v_spendable_until, 'infinity'), p_occurred_at, v_id, p_expires_at, v_granted,
                v_granted);
        INSERT INTO ledger_entry VALUES (v_id, 1, v_account.id, 'earn', v_granted, v_sequence, v_posted, v_recorded_at,
            v_account.issuance_id, p_occurred_at, p_expires_at, v_spendable_until, v_cap_ref, v_cap_window);
        IF v_debt > 0 THEN
            v_debt := v_debt - ledger_settle_debt(v_id, v_account.id);
        END IF;
    ELSE
        v_expires_at := NULL;
    END IF;
    IF v_granted < p_points OR v_held <> 0 OR v_pending <> 0 OR v_debt <> 0 THEN
        INSERT INTO ledger_answer VALUES (v_id, v_granted, v_posted, v_pending, v_held, v_debt, p_points - v_granted, 0);
        v_hits := ledger_cap_hits_of(v_id);
    END IF;
    INSERT INTO events_outbox (event_id, type, key, subject_kind, subject_ref, occurred_at, correlation_id, causation_id, data)
        VALUES (p_transaction, CASE WHEN v_granted > 0 THEN 'points.earned' ELSE 'points.capped' END,
            v_account.owner_ref::text, 'transaction', p_transaction::text, p_occurred_at, p_correlation, p_causation,
            jsonb_build_object('transaction_id', p_transaction, 'account_id', p_account,
                'account_kind', v_account.kind, 'wallet', v_account.wallet, 'owner_ref', v_account.owner_ref,
                'customer_id', coalesce(p_customer, v_account.owner_ref), 'program_id', v_account.program_ref,
                'points_amount', v_granted, 'points_balance', v_posted,
                'account_sequence', CASE WHEN v_granted > 0 THEN v_sequence END, 'occurred_at', p_occurred_at, 'recorded_at', p_now,
                'points_lost_to_caps', p_points - v_granted, 'lifetime_points_earned', v_earned,
                'expires_at', v_expires_at, 'confirms', NULL, 'context', p_context));
    RETURN (p_transaction, p_account, v_account.owner_ref, v_account.program_ref, v_account.wallet,
        coalesce(p_customer, v_account.owner_ref), 'earn', v_granted, v_posted, v_pending, v_held, v_debt,
        p_points - v_granted, 0, false, false, p_occurred_at, p_now, v_expires_at, NULL::uuid, NULL::uuid, NULL::uuid,
        NULL::uuid, NULL::bigint, v_hits, p_trace::text, p_context::text)::ledger_receipt;
END $$;
