-- Copies what a transaction took from the lots of one account into new lots of another, with the same dates: one new lot
-- for each lot taken from, naming it, in the order of `line`, up to p_points; what was taken beyond that is not copied.
CREATE OR REPLACE FUNCTION ledger_copy_lots(p_transaction bigint, p_from bigint, p_to bigint, p_points bigint)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    WITH taken AS (
        SELECT a.line, l.id, l.earned_at, l.expires_at, l.spendable_until, a.points_consumed AS points,
            sum(a.points_consumed) OVER (ORDER BY a.line) - a.points_consumed AS points_before
        FROM ledger_allocation a JOIN ledger_lot l ON l.id = a.lot_id
        WHERE a.transaction_id = p_transaction AND a.points_consumed > 0 AND l.account_id = p_from),
    made AS (
        INSERT INTO ledger_lot_apart (id, transaction_id, account_id, earned_at, expires_at, spendable_until, points_original,
                source_lot_id)
            SELECT CASE row_number() OVER (ORDER BY t.line) WHEN 1 THEN p_transaction ELSE ledger_next_id() END,
                p_transaction, p_to, t.earned_at, t.expires_at, t.spendable_until,
                least(t.points, p_points - t.points_before), t.id
            FROM taken t WHERE t.points_before < p_points ORDER BY t.line
            RETURNING id, earned_at, expires_at, spendable_until, points_original)
    INSERT INTO ledger_lot_open (account_id, spendable_until, earned_at, lot_id, expires_at, points_original, points_remaining)
        SELECT p_to, coalesce(m.spendable_until, 'infinity'), m.earned_at, m.id, m.expires_at, m.points_original,
            m.points_original
        FROM made m;
END $$;

-- Transfers points between two accounts of one program and wallet; the lots move with their dates, first to expire first.
-- The fee is taken beside the points, from the lots after them, and goes to the adjustment account. Locks: key, caps of
-- the sender, both balances ascending. Refuses with KL001 to KL005, KL011, KL015, KL016.
CREATE OR REPLACE FUNCTION ledger_transfer(
    p_transaction uuid, p_account uuid, p_to uuid, p_points bigint, p_fee bigint, p_scope text, p_key text,
    p_request_hash bytea, p_occurred_at timestamptz, p_cap_refs text[], p_cap_windows date[], p_cap_maxima bigint[],
    p_cap_units bigint[], p_cap_is_shared boolean[], p_actor_ref text, p_customer_ref uuid, p_version_ref text,
    p_reason text, p_trace jsonb, p_context jsonb, p_correlation uuid, p_causation uuid, p_now timestamptz)
RETURNS ledger_receipt LANGUAGE plpgsql AS $$
DECLARE
    v_from ledger_account;
    v_to ledger_account;
    v_sender ledger_balance;
    v_recipient ledger_balance;
    v_id bigint;
    v_missing bigint;
BEGIN
    IF p_points IS NULL OR p_points NOT BETWEEN 1 AND 1000000000000 OR p_fee NOT BETWEEN 0 AND 1000000000000 THEN
        PERFORM ledger_refuse('KL005', 'Points lie between 1 and 1000000000000.', jsonb_build_object(
            'points_amount', p_points, 'fee_points', p_fee));
    END IF;
    IF p_account = p_to THEN
        PERFORM ledger_refuse('KL015', 'Points are not transferred to the same account.',
                              jsonb_build_object('account_id', p_account));
    END IF;
    SELECT a.* INTO v_from FROM ledger_account a WHERE a.public_id = p_account AND a.kind IN ('member', 'pool');
    SELECT a.* INTO v_to FROM ledger_account a WHERE a.public_id = p_to AND a.kind IN ('member', 'pool');
    IF v_from.id IS NULL OR v_to.id IS NULL THEN
        PERFORM ledger_refuse('KL002', 'There is no such account.', jsonb_build_object(
            'account_id', CASE WHEN v_from.id IS NULL THEN p_account ELSE p_to END));
    END IF;
    IF v_from.program_ref <> v_to.program_ref OR v_from.wallet <> v_to.wallet THEN
        PERFORM ledger_refuse('KL016', 'The accounts are of different programs or wallets.', jsonb_build_object(
            'account_id', p_account, 'to_account_id', p_to));
    END IF;
    INSERT INTO ledger_transaction (public_id, kind, idempotency_scope, idempotency_key, request_hash, account_id,
            program_ref, customer_ref, occurred_at, recorded_at, actor_ref, program_version_ref, reason, trace, context)
        VALUES (p_transaction, 'transfer', p_scope, p_key, p_request_hash, v_from.id, v_from.program_ref,
            nullif(p_customer_ref, v_from.owner_ref), p_occurred_at, p_now, p_actor_ref, p_version_ref, p_reason, p_trace, p_context)
        ON CONFLICT (idempotency_scope, idempotency_key) DO NOTHING RETURNING id INTO v_id;
    IF NOT FOUND THEN
        RETURN ledger_replay(p_scope, p_key, p_request_hash);
    END IF;
    IF cardinality(p_cap_refs) > 0 THEN
        -- A cap is a limit here: reached, it refuses.
        PERFORM ledger_count_caps(v_id, v_from.id, NULL, ARRAY[p_points], p_cap_refs, p_cap_windows, p_cap_maxima,
            p_cap_units, NULL, p_cap_is_shared, array_fill(true, ARRAY[cardinality(p_cap_refs)]));
    END IF;
    PERFORM 1 FROM ledger_balance b WHERE b.account_id IN (v_from.id, v_to.id) ORDER BY b.account_id FOR UPDATE;
    UPDATE ledger_balance b SET points_posted = b.points_posted - p_points - p_fee,
            last_sequence = b.last_sequence + 1, last_recorded_at = greatest(b.last_recorded_at, p_now)
        WHERE b.account_id = v_from.id AND b.status = 'ACTIVE' AND b.points_posted - b.points_held >= p_points + p_fee
        RETURNING b.* INTO v_sender;
    IF NOT FOUND THEN
        PERFORM ledger_refuse_balance(v_from.id, p_points + p_fee, p_now);
    END IF;
    UPDATE ledger_balance b SET points_posted = b.points_posted + p_points,
            last_sequence = b.last_sequence + 1, last_recorded_at = greatest(b.last_recorded_at, p_now)
        WHERE b.account_id = v_to.id AND b.status = 'ACTIVE' RETURNING b.* INTO v_recipient;
    IF NOT FOUND THEN
        PERFORM ledger_refuse_balance(v_to.id, p_points, p_now);
    END IF;
    v_missing := ledger_consume_lots(v_id, v_from.id, p_points + p_fee, p_now, 1);
    IF v_missing > 0 THEN
        PERFORM ledger_refuse('KL001', 'There are not enough points.', jsonb_build_object(
            'points_requested', p_points + p_fee, 'points_available', p_points + p_fee - v_missing));
    END IF;
    PERFORM ledger_copy_lots(v_id, v_from.id, v_to.id, p_points);
    IF v_recipient.points_debt > 0 THEN
        PERFORM ledger_settle_debt(v_id, v_to.id);
    END IF;
    INSERT INTO ledger_entry VALUES
        (v_id, 1, v_from.id, 'transfer', -p_points - p_fee, v_sender.last_sequence, v_sender.points_posted,
            v_sender.last_recorded_at, v_from.adjustment_id),
        (v_id, 2, v_to.id, 'transfer', p_points, v_recipient.last_sequence, v_recipient.points_posted,
            v_recipient.last_recorded_at, v_from.adjustment_id);
    -- The sender's entry has the fee in it, so it alone does not tell the points.
    IF p_fee > 0 OR v_sender.points_pending <> 0 OR v_sender.points_held <> 0 OR v_sender.points_debt <> 0 THEN
        INSERT INTO ledger_answer VALUES (v_id, p_points, v_sender.points_posted, v_sender.points_pending,
            v_sender.points_held, v_sender.points_debt, 0, 0);
    END IF;
    INSERT INTO events_outbox (event_id, type, key, subject_kind, subject_ref, occurred_at, correlation_id, causation_id, data)
        SELECT p_transaction, 'points.transferred', v_from.owner_ref::text, 'transaction', p_transaction::text, p_occurred_at,
            p_correlation, p_causation, to_jsonb(fact)
        FROM (SELECT p_transaction AS transaction_id, p_account AS account_id, v_from.kind AS account_kind,
                coalesce(p_customer_ref, v_from.owner_ref) AS customer_id, v_from.owner_ref AS owner_ref,
                v_from.program_ref AS program_id, v_from.wallet AS wallet, v_sender.points_posted AS points_balance,
                v_sender.last_sequence AS account_sequence, v_recipient.last_sequence AS to_account_sequence,
                p_to AS to_account_id, v_to.kind AS to_account_kind, v_to.owner_ref AS to_owner_ref,
                v_recipient.points_posted AS to_points_balance, p_reason AS reason, p_context AS context,
                p_points AS points_amount, p_fee AS fee_points, '' AS reason_code) fact;
    RETURN (p_transaction, p_account, v_from.owner_ref, v_from.program_ref, v_from.wallet,
        coalesce(p_customer_ref, v_from.owner_ref), 'transfer', p_points, v_sender.points_posted, v_sender.points_pending,
        v_sender.points_held, v_sender.points_debt, 0, 0, false, false, p_occurred_at, p_now, NULL::timestamptz, NULL::uuid,
        NULL::uuid, NULL::uuid, p_to, v_recipient.points_posted,
        CASE WHEN cardinality(p_cap_refs) > 0 THEN ledger_cap_hits_of(v_id) END,
        p_trace::text, p_context::text)::ledger_receipt;
END $$;

-- Writes the entries of a posting between two accounts, whose balances have been moved. Both stand against one
-- counter-account, which keeps what one loses and the other does not get: the fee.
CREATE OR REPLACE FUNCTION ledger_write_transfer(
    p_transaction bigint, p_from bigint, p_to bigint, p_kind ledger_transaction_kind, p_from_change bigint,
    p_to_change bigint, p_counter bigint)
RETURNS void LANGUAGE sql AS $$
    INSERT INTO ledger_entry (transaction_id, line, account_id, kind, points_change, account_sequence, balance_after, recorded_at,
            counter_id)
        SELECT p_transaction, leg.line, b.account_id, p_kind, leg.points, b.last_sequence, b.points_posted, b.last_recorded_at,
            p_counter
        FROM (VALUES (1, p_from, p_from_change), (2, p_to, p_to_change)) AS leg (line, account_id, points)
        JOIN ledger_balance b ON b.account_id = leg.account_id
$$;

-- Publishes the one event of a posting between two accounts; it is keyed by the sender and tells both sides.
CREATE OR REPLACE FUNCTION ledger_tell_transfer(
    p_transaction bigint, p_to bigint, p_type text, p_correlation uuid, p_causation uuid, p_more jsonb)
RETURNS void LANGUAGE sql AS $$
    INSERT INTO events_outbox (event_id, type, key, subject_kind, subject_ref, occurred_at, correlation_id, causation_id, data)
        SELECT t.public_id, p_type, a.owner_ref::text, 'transaction', t.public_id::text,
            t.occurred_at, p_correlation, p_causation,
            jsonb_build_object('transaction_id', t.public_id, 'account_id', a.public_id, 'account_kind', a.kind,
                'customer_id', coalesce(t.customer_ref, a.owner_ref), 'owner_ref', a.owner_ref,
                'program_id', t.program_ref, 'wallet', a.wallet, 'points_balance', b.points_posted,
                'account_sequence', e.account_sequence, 'to_account_sequence', f.account_sequence,
                'to_account_id', o.public_id, 'to_account_kind', o.kind, 'to_owner_ref', o.owner_ref,
                'to_points_balance', d.points_posted, 'reason', t.reason, 'context', t.context) || p_more
        FROM ledger_transaction t
        JOIN ledger_account a ON a.id = t.account_id JOIN ledger_balance b ON b.account_id = a.id
        JOIN ledger_account o ON o.id = p_to JOIN ledger_balance d ON d.account_id = o.id
        LEFT JOIN ledger_entry e ON e.transaction_id = t.id AND e.line = 1
        LEFT JOIN ledger_entry f ON f.transaction_id = t.id AND f.line = 2
        WHERE t.id = p_transaction
$$;
