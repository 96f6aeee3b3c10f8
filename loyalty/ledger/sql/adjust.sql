-- Adds points as a new lot, or takes them (negative, first to expire first, within what is available), against the
-- program's adjustment account; why is a code. A frozen account takes what is added. Refuses with KL001 to KL005 and KL018.
CREATE OR REPLACE FUNCTION ledger_adjust(
    p_transaction uuid, p_account uuid, p_change bigint, p_reason_code text, p_expires_at timestamptz,
    p_spendable_until timestamptz, p_scope text, p_key text, p_request_hash bytea, p_occurred_at timestamptz,
    p_actor_ref text, p_version_ref text, p_reason text, p_trace jsonb, p_context jsonb, p_correlation uuid,
    p_causation uuid, p_now timestamptz, p_customer uuid DEFAULT NULL)
RETURNS ledger_receipt LANGUAGE plpgsql AS $$
DECLARE
    v_account ledger_account;
    v_id bigint;
    v_balance ledger_balance;
    v_missing bigint;
    v_spendable_until timestamptz := coalesce(p_spendable_until, p_expires_at);
BEGIN
    IF p_change IS NULL OR abs(p_change) NOT BETWEEN 1 AND 1000000000000 THEN
        PERFORM ledger_refuse('KL005', 'Points lie between 1 and 1000000000000.', jsonb_build_object('points_change', p_change));
    END IF;
    IF coalesce(p_reason_code, '') = '' THEN
        PERFORM ledger_refuse('KL018', 'An adjustment needs a reason code.', '{}');
    END IF;
    SELECT a.* INTO v_account FROM ledger_account a WHERE a.public_id = p_account AND a.issuance_id IS NOT NULL;
    IF NOT FOUND THEN
        PERFORM ledger_refuse('KL002', 'There is no such account.', jsonb_build_object('account_id', p_account));
    END IF;
    INSERT INTO ledger_transaction (public_id, kind, idempotency_scope, idempotency_key, request_hash, account_id, program_ref,
            customer_ref, occurred_at, recorded_at, reason_code, actor_ref, program_version_ref, reason, trace, context)
        VALUES (p_transaction, 'adjust', p_scope, p_key, p_request_hash, v_account.id, v_account.program_ref,
            nullif(p_customer, v_account.owner_ref), p_occurred_at, p_now, p_reason_code, p_actor_ref, p_version_ref, p_reason,
            p_trace, p_context)
        ON CONFLICT (idempotency_scope, idempotency_key) DO NOTHING RETURNING id INTO v_id;
    IF NOT FOUND THEN
        RETURN ledger_replay(p_scope, p_key, p_request_hash);
    END IF;
    UPDATE ledger_balance b SET points_posted = b.points_posted + p_change, last_sequence = b.last_sequence + 1,
            last_recorded_at = greatest(b.last_recorded_at, p_now)
        WHERE b.account_id = v_account.id
            AND (b.status = 'ACTIVE' AND b.points_posted - b.points_held + p_change >= 0
                 OR p_change > 0 AND b.status <> 'CLOSED')
        RETURNING b.* INTO v_balance;
    IF NOT FOUND THEN
        PERFORM ledger_refuse_balance(v_account.id, -p_change, p_now);
    END IF;
    IF p_change > 0 THEN
        INSERT INTO ledger_lot_apart (id, transaction_id, account_id, earned_at, expires_at, spendable_until, points_original)
            VALUES (v_id, v_id, v_account.id, p_occurred_at, p_expires_at, v_spendable_until, p_change);
        INSERT INTO ledger_lot_open (account_id, spendable_until, earned_at, lot_id, expires_at, points_original,
                points_remaining)
            VALUES (v_account.id, coalesce(v_spendable_until, 'infinity'), p_occurred_at, v_id, p_expires_at, p_change, p_change);
    ELSE
        v_missing := ledger_consume_lots(v_id, v_account.id, -p_change, p_now, 1);
        IF v_missing > 0 THEN
            PERFORM ledger_refuse('KL001', 'There are not enough points.', jsonb_build_object(
                'points_requested', -p_change, 'points_available', -p_change - v_missing));
        END IF;
    END IF;
    INSERT INTO ledger_entry VALUES
        (v_id, 1, v_account.id, 'adjust', p_change, v_balance.last_sequence, v_balance.points_posted,
         v_balance.last_recorded_at, v_account.adjustment_id);
    IF p_change > 0 AND v_balance.points_debt > 0 THEN
        PERFORM ledger_settle_debt(v_id, v_account.id);
    END IF;
    PERFORM ledger_keep_answer(v_id, v_account.id, abs(p_change));
    INSERT INTO events_outbox (event_id, type, key, subject_kind, subject_ref, occurred_at, correlation_id, causation_id, data)
        VALUES (p_transaction, 'points.adjusted', v_account.owner_ref::text, 'transaction', p_transaction::text,
            p_occurred_at, p_correlation, p_causation,
            jsonb_build_object('transaction_id', p_transaction, 'account_id', p_account,
                'account_kind', v_account.kind, 'wallet', v_account.wallet, 'owner_ref', v_account.owner_ref,
                'customer_id', coalesce(p_customer, v_account.owner_ref), 'program_id', v_account.program_ref,
                'points_amount', abs(p_change), 'points_balance', v_balance.points_posted,
                'account_sequence', v_balance.last_sequence, 'points_change', p_change,
                'occurred_at', p_occurred_at, 'recorded_at', p_now, 'reason_code', p_reason_code, 'reason', p_reason,
                'expires_at', p_expires_at, 'context', p_context));
    RETURN ledger_receipt_of(v_id, false);
END $$;
