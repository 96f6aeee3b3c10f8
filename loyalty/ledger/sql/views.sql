-- Contract view: one row per member account with its figures. Other domains may join it; its columns are a promise.
CREATE OR REPLACE VIEW ledger_account_summary AS
    SELECT a.id AS account_id, a.public_id, a.owner_ref, a.program_ref, b.status, b.points_posted, b.points_held,
        b.points_posted - b.points_held AS points_available, b.points_pending, b.lifetime_points_earned,
        b.lifetime_points_redeemed, a.opened_at, b.last_recorded_at
    FROM ledger_account a JOIN ledger_balance b ON b.account_id = a.id
    WHERE a.kind = 'member';
