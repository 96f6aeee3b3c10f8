-- Contract view of platform facts, one row per customer with an account of their own: points over all programs. Points of a
-- household belong to the household, and wallets other than `main` are counted in other units.
CREATE OR REPLACE VIEW points_customer_facts AS
    SELECT s.owner_ref AS customer_id, count(*)::bigint AS account_count, sum(s.points_available)::bigint AS points_balance,
        sum(s.points_pending)::bigint AS points_pending, sum(s.lifetime_points_earned)::bigint AS points_lifetime,
        sum(s.lifetime_points_redeemed)::bigint AS points_redeemed, max(s.last_recorded_at) AS points_moved_at
    FROM ledger_account_summary s
    WHERE s.kind = 'member' AND s.wallet = 'main' AND s.merged_into IS NULL
    GROUP BY s.owner_ref;
