-- Contract view: one row per account of a member or pool with its figures. Other domains may join it; its columns are a promise.
CREATE OR REPLACE VIEW ledger_account_summary AS
    SELECT a.id AS account_id, a.public_id, a.owner_ref, a.program_ref, b.status::text AS status, b.points_posted, b.points_held,
        b.points_posted - b.points_held AS points_available, b.points_pending, b.lifetime_points_earned,
        b.lifetime_points_redeemed, a.opened_at, b.last_recorded_at, a.kind::text AS kind, a.wallet, b.points_debt,
        m.public_id AS merged_into
    FROM ledger_account a JOIN ledger_balance b ON b.account_id = a.id
    LEFT JOIN ledger_account m ON m.id = a.merged_into_id;

-- Contract view: one row per lot with points left.
CREATE OR REPLACE VIEW ledger_open_lots AS
    SELECT a.id AS account_id, a.public_id AS account_public_id, a.owner_ref, a.program_ref, a.kind::text AS kind, a.wallet,
        b.status::text AS status, o.lot_id, t.public_id AS transaction_id, l.source_lot_id, o.earned_at, o.expires_at,
        nullif(o.spendable_until, 'infinity') AS spendable_until, o.points_original, o.points_remaining, o.points_held
    FROM ledger_lot_open o
    JOIN ledger_account a ON a.id = o.account_id JOIN ledger_balance b ON b.account_id = o.account_id
    JOIN ledger_lot l ON l.id = o.lot_id JOIN ledger_transaction t ON t.id = l.transaction_id;

-- Contract function: what moved on member accounts between two instants, by day (UTC) of the business moment and kind.
CREATE OR REPLACE FUNCTION ledger_daily_flow(p_from timestamptz, p_until timestamptz)
RETURNS TABLE (day date, kind text, points bigint) LANGUAGE sql STABLE AS $$
    SELECT (t.occurred_at AT TIME ZONE 'UTC')::date, e.kind, sum(e.points_change)::bigint
    FROM ledger_transaction t JOIN ledger_entry e ON e.transaction_id = t.id
    WHERE t.occurred_at >= p_from AND t.occurred_at < p_until
    GROUP BY 1, 2
$$;

-- Contract view: one row per transaction of an account of a member or pool, with what it moved there and what it reversed.
-- A pending earn and a cancellation of one moved nothing.
CREATE OR REPLACE VIEW ledger_member_flow AS
    SELECT t.public_id AS transaction_id, t.kind::text AS kind, a.id AS account_id, a.public_id AS account_public_id,
        a.kind::text AS account_kind, a.wallet, a.owner_ref, coalesce(t.customer_ref, a.owner_ref) AS customer_ref,
        t.program_ref, t.reason_code, t.occurred_at, t.recorded_at, coalesce(e.points_change, 0) AS points_change, t.context,
        t.is_pending, r.public_id AS reverses, CASE WHEN r.is_pending THEN 'pending' ELSE r.kind::text END AS reversed_kind,
        r.occurred_at AS reversed_occurred_at, coalesce(f.points_change, 0) AS reversed_points_change,
        r.context AS reversed_context, c.public_id AS confirms
    FROM ledger_transaction t
    JOIN ledger_account a ON a.id = t.account_id
    LEFT JOIN ledger_entry e ON e.transaction_id = t.id AND e.line = 1
    LEFT JOIN ledger_transaction r ON r.id = t.reverses_id
    LEFT JOIN ledger_entry f ON f.transaction_id = r.id AND f.line = 1
    LEFT JOIN ledger_transaction c ON c.id = t.confirms_id;
