-- Burns points: idempotency, balance, lots, entries and event in one call and one transaction.
-- Refuses with KL001 to KL005.
CREATE OR REPLACE FUNCTION ledger_burn(
    p_transaction uuid, p_account uuid, p_points bigint, p_scope text, p_key text, p_request_hash bytea,
    p_occurred_at timestamptz, p_actor_ref text, p_version_ref text, p_reason text, p_trace jsonb, p_context jsonb,
    p_correlation uuid, p_causation uuid, p_now timestamptz, p_consumption text DEFAULT 'fifo',
    p_customer uuid DEFAULT NULL)
RETURNS ledger_receipt LANGUAGE plpgsql AS $$
DECLARE
    v_account ledger_account;
    v_id bigint;
    v_posted bigint;
    v_held bigint;
    v_pending bigint;
    v_debt bigint;
    v_sequence bigint;
    v_recorded_at timestamptz;
    v_missing bigint;
BEGIN
    IF p_points IS NULL OR p_points NOT BETWEEN 1 AND 1000000000000 THEN
        PERFORM ledger_refuse('KL005', 'Points lie between 1 and 1000000000000.', jsonb_build_object('points_amount', p_points));
    END IF;
    SELECT a.* INTO v_account FROM ledger_account a WHERE a.public_id = p_account AND a.issuance_id IS NOT NULL;
    IF NOT FOUND THEN
        PERFORM ledger_refuse('KL002', 'There is no such account.', jsonb_build_object('account_id', p_account));
    END IF;
    INSERT INTO ledger_transaction (public_id, kind, idempotency_scope, idempotency_key, request_hash, account_id,
            program_ref, customer_ref, occurred_at, recorded_at, actor_ref, program_version_ref, reason, trace, context)
        VALUES (p_transaction, 'burn', p_scope, p_key, p_request_hash, v_account.id, v_account.program_ref,
            nullif(p_customer, v_account.owner_ref), p_occurred_at, p_now, p_actor_ref, p_version_ref, p_reason, p_trace,
            p_context)
        ON CONFLICT (idempotency_scope, idempotency_key) DO NOTHING RETURNING id INTO v_id;
    IF NOT FOUND THEN
        RETURN ledger_replay(p_scope, p_key, p_request_hash);
    END IF;
    UPDATE ledger_balance b SET points_posted = b.points_posted - p_points,
            lifetime_points_redeemed = b.lifetime_points_redeemed + p_points,
            last_sequence = b.last_sequence + 1, last_recorded_at = greatest(b.last_recorded_at, p_now)
        WHERE b.account_id = v_account.id AND b.status = 'ACTIVE' AND b.points_posted - b.points_held >= p_points
        RETURNING b.points_posted, b.last_sequence, b.last_recorded_at, b.points_held, b.points_pending, b.points_debt
        INTO v_posted, v_sequence, v_recorded_at, v_held, v_pending, v_debt;
    IF NOT FOUND THEN
        PERFORM ledger_refuse_balance(v_account.id, p_points, p_now);
    END IF;
    v_missing := ledger_consume_lots(v_id, v_account.id, p_points, p_now, 1, p_consumption);
    IF v_missing > 0 THEN
        -- The rest lies in lots that are due and not yet swept: those points have expired.
        PERFORM ledger_refuse('KL001', 'There are not enough points.', jsonb_build_object(
            'points_requested', p_points, 'points_available', p_points - v_missing));
    END IF;
    INSERT INTO ledger_entry VALUES
        (v_id, 1, v_account.id, 'burn', -p_points, v_sequence, v_posted, v_recorded_at, v_account.redemption_id);
    IF v_held <> 0 OR v_pending <> 0 OR v_debt <> 0 THEN
        INSERT INTO ledger_answer VALUES (v_id, p_points, v_posted, v_pending, v_held, v_debt, 0, 0);
    END IF;
    INSERT INTO events_outbox (event_id, type, key, subject_kind, subject_ref, occurred_at, correlation_id, causation_id, data)
        VALUES (p_transaction, 'points.burned', v_account.owner_ref::text, 'transaction', p_transaction::text,
            p_occurred_at, p_correlation, p_causation,
            jsonb_build_object('transaction_id', p_transaction, 'account_id', p_account,
                'account_kind', v_account.kind, 'wallet', v_account.wallet, 'owner_ref', v_account.owner_ref,
                'customer_id', coalesce(p_customer, v_account.owner_ref), 'program_id', v_account.program_ref,
                'points_amount', p_points, 'points_balance', v_posted, 'account_sequence', v_sequence,
                'reason', p_reason, 'context', p_context));
    RETURN (p_transaction, p_account, v_account.owner_ref, v_account.program_ref, v_account.wallet,
        coalesce(p_customer, v_account.owner_ref), 'burn', p_points, v_posted, v_pending, v_held, v_debt, 0, 0, false, false,
        p_occurred_at, p_now, NULL::timestamptz, NULL::uuid, NULL::uuid, NULL::uuid, NULL::uuid, NULL::bigint, NULL::text,
        p_trace::text, p_context::text)::ledger_receipt;
END $$;
