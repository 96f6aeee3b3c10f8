-- Contract function of platform facts: one row per customer with an account of their own, with the points over all programs
-- as they are at p_now. Points of a household belong to the household, and wallets other than `main` are counted in other units.
--
-- What no burn takes any more is no part of the balance, as wherever else it is read. It is put beside the accounts, not joined
-- to them, so that a set does not pay for each account what only a few have.
CREATE OR REPLACE FUNCTION points_customer_facts_at(p_now timestamptz)
RETURNS TABLE (customer_id uuid, account_count bigint, points_balance bigint, points_pending bigint, points_lifetime bigint,
    points_redeemed bigint, points_moved_at timestamptz) LANGUAGE sql STABLE AS $$
    SELECT f.owner_ref, sum(f.accounts)::bigint, sum(f.available)::bigint, sum(f.pending)::bigint, sum(f.earned)::bigint,
        sum(f.redeemed)::bigint, max(f.moved_at)
    FROM (
        SELECT s.owner_ref, 1 AS accounts, s.points_available AS available, s.points_pending AS pending,
            s.lifetime_points_earned AS earned, s.lifetime_points_redeemed AS redeemed, s.last_recorded_at AS moved_at
        FROM ledger_account_summary s
        WHERE s.kind = 'member' AND s.wallet = 'main' AND s.merged_into IS NULL
        UNION ALL
        SELECT o.owner_ref, 0, -o.points, 0, 0, 0, NULL
        FROM ledger_points_overdue(p_now) o WHERE o.kind = 'member' AND o.wallet = 'main') f
    GROUP BY f.owner_ref
$$;
