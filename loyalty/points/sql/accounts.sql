-- Accounts as people look at them: customer, program, tier and figures side by side. A member has one row per wallet;
-- a household has one too, under its owner's name.
DROP VIEW IF EXISTS points_accounts;
CREATE VIEW points_accounts AS
SELECT s.account_id AS id, s.public_id, s.kind::text AS kind, s.wallet, m.customer_public_id, d.customer_ref,
       m.program_public_id, p.code AS program_code, p.name AS program_name, p.status AS program_status,
       m.tier_code, m.tier_name, s.points_posted, s.points_held, s.points_available, s.points_pending, s.points_debt,
       s.lifetime_points_earned, s.lifetime_points_redeemed, s.status, s.merged_into, m.enrolled_at
FROM ledger_account_summary s
JOIN programs_membership m ON m.customer_public_id = s.owner_ref AND m.program_public_id = s.program_ref
JOIN customers_directory d ON d.customer_id = m.customer_id
JOIN programs_directory p ON p.program_id = m.program_id
WHERE s.kind = 'member'
UNION ALL
SELECT s.account_id, s.public_id, s.kind::text, s.wallet, o.customer_public_id, d.customer_ref,
       s.program_ref, p.code, p.name, p.status,
       NULL, NULL, s.points_posted, s.points_held, s.points_available, s.points_pending, s.points_debt,
       s.lifetime_points_earned, s.lifetime_points_redeemed, s.status, s.merged_into, s.opened_at
FROM ledger_account_summary s
JOIN points_pool pool ON pool.account_public_id = s.public_id
JOIN points_pool_member o ON o.pool_id = pool.id AND o.role = 'owner'
    AND (o.left_at IS NULL OR pool.status = 'CLOSED')
JOIN customers_directory d ON d.public_id = o.customer_public_id
JOIN programs_directory p ON p.public_id = s.program_ref
WHERE s.kind = 'pool';
