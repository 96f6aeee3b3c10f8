-- What an earn reads of members: tier, figures, edit count of the program, household, and the rules that gave once.
DROP VIEW IF EXISTS points_seen_members CASCADE;
CREATE VIEW points_seen_members AS
SELECT m.account_public_id AS account_id, m.customer_public_id AS customer_id, d.customer_ref::text AS customer_ref,
       m.program_public_id AS program_id, m.tier_code::text AS tier_code, m.tier_since_at, m.enrolled_at,
       s.points_available, s.points_posted, s.lifetime_points_earned AS points_lifetime, s.status::text AS status,
       p.edit_version::bigint AS edit_version, o.public_id AS pool_id,
       CASE WHEN h.is_earning_into_pool THEN o.account_public_id END AS pool_account_id,
       (SELECT array_agg(g.rule_code::text) FROM points_rule_given g WHERE g.account_public_id = m.account_public_id)
           AS rules_given
FROM programs_membership m
JOIN ledger_account_summary s ON s.account_id = m.account_id
JOIN customers_directory d ON d.customer_id = m.customer_id
JOIN programs_directory p ON p.program_id = m.program_id
LEFT JOIN points_pool_member h ON h.customer_public_id = m.customer_public_id
    AND h.program_public_id = m.program_public_id AND h.left_at IS NULL
LEFT JOIN points_pool o ON o.id = h.pool_id AND o.status = 'ACTIVE';

-- The same of one member, by account, by customer or by the customer's reference, with whether a key has its answer of
-- nothing. A function, because the plan over ten tables is then made once per connection and not once per earn.
CREATE OR REPLACE FUNCTION points_seen(
    p_account uuid, p_customer uuid, p_ref text, p_program uuid, p_scope text, p_key text)
RETURNS TABLE (
    account_id uuid, customer_id uuid, customer_ref text, program_id uuid, tier_code text, tier_since_at timestamptz,
    enrolled_at timestamptz, points_available bigint, points_posted bigint, points_lifetime bigint, status text,
    edit_version bigint, pool_id uuid, pool_account_id uuid, rules_given text[], is_answered boolean)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_account uuid := p_account;
BEGIN
    IF v_account IS NULL AND p_customer IS NOT NULL THEN
        SELECT m.account_public_id INTO v_account FROM programs_membership m
            WHERE m.customer_public_id = p_customer AND m.program_public_id = p_program;
    ELSIF v_account IS NULL THEN
        SELECT m.account_public_id INTO v_account FROM programs_membership m
            JOIN customers_directory d ON d.customer_id = m.customer_id
            WHERE d.customer_ref = p_ref AND m.program_public_id = p_program;
    END IF;
    RETURN QUERY SELECT s.*, EXISTS (
            SELECT FROM points_nothing_earned n WHERE n.idempotency_scope = p_scope AND n.idempotency_key = p_key)
        FROM points_seen_members s WHERE s.account_id = v_account;
END $$;
