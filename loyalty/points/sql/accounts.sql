-- Members' accounts as people look at them: customer, program, tier and figures side by side.
CREATE OR REPLACE VIEW points_accounts AS
SELECT m.account_id AS id, m.account_public_id AS public_id, m.customer_public_id, d.customer_ref,
       m.program_public_id, p.code AS program_code, p.name AS program_name, p.status AS program_status,
       m.tier_code, m.tier_name, s.points_posted, s.points_held, s.points_available, s.points_pending,
       s.lifetime_points_earned, s.lifetime_points_redeemed, s.status, m.enrolled_at
FROM programs_membership m
JOIN ledger_account_summary s ON s.account_id = m.account_id
JOIN customers_directory d ON d.customer_id = m.customer_id
JOIN programs_directory p ON p.program_id = m.program_id;
