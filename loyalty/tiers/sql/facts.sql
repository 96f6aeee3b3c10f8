-- Contract view of platform facts, one row per customer who is a member of a program: the tier, in several programs the one
-- that begins highest, and of equal ones that of the older membership. The level counts the program's tiers from 1.
CREATE OR REPLACE VIEW tiers_customer_facts AS
    SELECT DISTINCT ON (m.customer_public_id) m.customer_public_id AS customer_id, m.tier_code::text AS tier_code,
        m.tier_name::text AS tier_name, l.tier_level, m.tier_since_at, p.code::text AS tier_program_code
    FROM programs_membership m
    JOIN programs_directory p ON p.program_id = m.program_id
    LEFT JOIN (
        SELECT t.tier_id, row_number() OVER (PARTITION BY t.program_id ORDER BY t.min_points) AS tier_level
        FROM programs_tiers t) l ON l.tier_id = m.tier_id
    WHERE m.left_at IS NULL
    ORDER BY m.customer_public_id, m.tier_min_points DESC NULLS LAST, m.enrolled_at, m.account_id;
