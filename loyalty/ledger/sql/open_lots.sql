-- Opens lots by adjustments, for one reason and each under the key p_prefix || p_numbers[n]: the set form of ledger_adjust
-- for points that are brought in from elsewhere, by arrays side by side and with answers cut to what a caller of thousands
-- needs. What a line means is what it means in ledger_adjust_batch.
--
-- Nearly always every key is new, every account takes points and none has anything beside its balance: then nothing is
-- asked twice. When that proves wrong, what was done is undone and the lines are posted with every question asked.
CREATE OR REPLACE FUNCTION ledger_open_lots(
    p_now timestamptz, p_accounts uuid[], p_points bigint[], p_expires timestamptz[], p_spendable timestamptz[],
    p_scope text, p_prefix text, p_numbers integer[], p_reason_code text, p_actor_ref text, p_version_ref text)
RETURNS TABLE (line integer, refusal text, transaction_id uuid) LANGUAGE plpgsql
SET jit = off SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
BEGIN
    BEGIN
        RETURN QUERY SELECT o.* FROM ledger_open_new_lots(p_now, p_accounts, p_points, p_expires, p_spendable, p_scope,
            p_prefix, p_numbers, p_reason_code, p_actor_ref, p_version_ref) o;
        RETURN;
    EXCEPTION WHEN unique_violation OR SQLSTATE 'KL900' THEN
        NULL;
    END;
    RETURN QUERY
    SELECT c.line, left(c.refusal, 5), (c.receipt).transaction_id
    FROM ledger_change_lines('adjust', (
        SELECT array_agg((l.line, ledger_new_public_id(p_now), l.account_ref, l.points, NULL, p_scope, p_prefix || l.number,
            ledger_opening_hash(l.account_ref, l.points), p_now, l.expires_at, l.spendable_until, NULL, p_reason_code, NULL,
            p_actor_ref, p_version_ref, NULL, NULL, NULL, NULL)::ledger_change_line ORDER BY l.line)
        FROM unnest(p_accounts, p_points, p_expires, p_spendable, p_numbers) WITH ORDINALITY
            AS l (account_ref, points, expires_at, spendable_until, number, line)), p_now) c;
END $$;

-- What makes two openings the same request.
CREATE OR REPLACE FUNCTION ledger_opening_hash(p_account uuid, p_points bigint) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT sha256(convert_to(p_account || ':' || p_points, 'UTF8'))
$$;

-- Opens lots under keys that are all new, in accounts that exist, take points and hold nothing back; fails
-- (unique_violation, KL900) when one does not.
CREATE OR REPLACE FUNCTION ledger_open_new_lots(
    p_now timestamptz, p_accounts uuid[], p_points bigint[], p_expires timestamptz[], p_spendable timestamptz[],
    p_scope text, p_prefix text, p_numbers integer[], p_reason_code text, p_actor_ref text, p_version_ref text)
RETURNS TABLE (line integer, refusal text, transaction_id uuid) LANGUAGE plpgsql
SET jit = off SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
DECLARE
    v_opened bigint;
BEGIN
    PERFORM 1 FROM ledger_balance b WHERE b.account_id IN (
            SELECT a.id FROM ledger_account a WHERE a.public_id = ANY (p_accounts))
        ORDER BY b.account_id FOR NO KEY UPDATE;
    RETURN QUERY WITH found AS MATERIALIZED (
        SELECT o.*, ledger_next_id() AS id, ledger_new_public_id(p_now) AS public_id FROM (
            SELECT l.*, a.id AS account_id, a.adjustment_id, a.owner_ref, a.program_ref, a.kind, a.wallet
            FROM unnest(p_accounts, p_points, p_expires, p_spendable, p_numbers) WITH ORDINALITY
                AS l (account_ref, points, expires_at, spendable_until, number, line)
            JOIN ledger_account a ON a.public_id = l.account_ref AND a.issuance_id IS NOT NULL
            WHERE l.points BETWEEN 1 AND 1000000000000 ORDER BY l.line) o),
    made AS (
        INSERT INTO ledger_transaction (id, public_id, kind, idempotency_scope, idempotency_key, request_hash, account_id,
                program_ref, occurred_at, recorded_at, reason_code, actor_ref, program_version_ref)
            OVERRIDING SYSTEM VALUE
            SELECT f.id, f.public_id, 'adjust', p_scope, p_prefix || f.number, ledger_opening_hash(f.account_ref, f.points),
                f.account_id, f.program_ref, p_now, p_now, p_reason_code, p_actor_ref, p_version_ref
            FROM found f ORDER BY f.number),
    moved AS MATERIALIZED (
        UPDATE ledger_balance b SET points_posted = b.points_posted + s.points, last_sequence = b.last_sequence + s.number,
                last_recorded_at = greatest(b.last_recorded_at, p_now)
            FROM (SELECT f.account_id, sum(f.points)::bigint AS points, count(*) AS number FROM found f
                  GROUP BY f.account_id ORDER BY f.account_id) s
            WHERE b.account_id = s.account_id AND b.status <> 'CLOSED' AND b.points_debt = 0 AND b.points_pending = 0
                AND b.points_held = 0
            RETURNING b.account_id, b.points_posted - s.points AS posted, b.last_sequence - s.number AS sequence,
                b.last_recorded_at AS recorded, s.number),
    done AS MATERIALIZED (
        SELECT f.*, (m.posted + sum(f.points) OVER w)::bigint AS balance, m.sequence + row_number() OVER w AS sequence,
            m.recorded
        FROM found f JOIN moved m ON m.account_id = f.account_id
        WINDOW w AS (PARTITION BY f.account_id ORDER BY f.line)),
    lot AS (
        INSERT INTO ledger_lot_apart (id, transaction_id, account_id, earned_at, expires_at, spendable_until, points_original)
            SELECT d.id, d.id, d.account_id, p_now, d.expires_at, coalesce(d.spendable_until, d.expires_at), d.points
            FROM done d),
    lot_open AS (
        INSERT INTO ledger_lot_open (account_id, spendable_until, earned_at, lot_id, expires_at, points_original,
                points_remaining)
            SELECT d.account_id, coalesce(d.spendable_until, d.expires_at, 'infinity'), p_now, d.id, d.expires_at, d.points,
                d.points
            FROM done d),
    entry AS (
        INSERT INTO ledger_entry (transaction_id, line, account_id, kind, points_change, account_sequence, balance_after,
                recorded_at, counter_id)
            SELECT d.id, 1, d.account_id, 'adjust', d.points, d.sequence, d.balance, d.recorded, d.adjustment_id FROM done d),
    event AS (
        INSERT INTO events_outbox (event_id, type, key, subject_kind, subject_ref, occurred_at, data)
            SELECT d.public_id, 'points.adjusted', d.owner_ref::text, 'transaction', d.public_id::text, p_now,
                jsonb_build_object('transaction_id', d.public_id, 'account_id', d.account_ref, 'account_kind', d.kind,
                    'wallet', d.wallet, 'owner_ref', d.owner_ref, 'customer_id', d.owner_ref, 'program_id', d.program_ref,
                    'points_amount', d.points, 'points_balance', d.balance, 'account_sequence', d.sequence, 'reason', '',
                    'context', NULL, 'points_change', d.points, 'occurred_at', p_now, 'recorded_at', p_now,
                    'reason_code', p_reason_code, 'expires_at', d.expires_at)
            FROM done d)
    SELECT d.line::integer, NULL::text, d.public_id FROM done d;
    GET DIAGNOSTICS v_opened = ROW_COUNT;
    IF v_opened < cardinality(p_accounts) THEN
        PERFORM ledger_refuse_haste();
    END IF;
END $$;
