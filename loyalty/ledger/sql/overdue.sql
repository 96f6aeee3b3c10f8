-- Contract function: the accounts with points that no burn takes at p_now though they are among the available ones, one row
-- each: a lot's grace is over, and the expiry has not come by. Debt has had its part of them already. Who asks for one account
-- or owner is led to its lots by their key; who asks for all goes through the few lots that are due.
CREATE OR REPLACE FUNCTION ledger_points_overdue(p_now timestamptz)
RETURNS TABLE (account_id bigint, owner_ref uuid, program_ref uuid, kind text, wallet text, points bigint)
LANGUAGE sql STABLE AS $$
    SELECT a.id, a.owner_ref, a.program_ref, a.kind::text, a.wallet,
        (sum(o.points_remaining - o.points_held) - b.points_debt)::bigint
    FROM ledger_lot_open o
    JOIN ledger_account a ON a.id = o.account_id JOIN ledger_balance b ON b.account_id = a.id
    WHERE o.spendable_until <= p_now AND o.spendable_until < 'infinity'
    GROUP BY a.id, a.owner_ref, b.points_debt
    HAVING sum(o.points_remaining - o.points_held) > b.points_debt
$$;
