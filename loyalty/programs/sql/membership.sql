-- Contract views: other domains join these in their own statements, never the tables.
CREATE OR REPLACE VIEW programs_tiers AS
SELECT t.id AS tier_id, t.public_id AS tier_public_id, p.id AS program_id, p.public_id AS program_public_id,
       t.code, t.name, t.min_points, t.multiplier, t.benefits, t.priority, t.color,
       t.benefit_grants, t.is_invitation_only
FROM programs_tier t
JOIN programs_program p ON p.id = t.program_id
WHERE t.retired_ref = 0;

CREATE OR REPLACE VIEW programs_membership AS
SELECT m.program_id, p.public_id AS program_public_id, m.customer_id, m.customer_public_id,
       m.account_id, m.account_public_id, t.code AS tier_code, t.name AS tier_name, m.enrolled_at,
       m.tier_id, m.tier_mode <> '' AS is_tier_by_hand, t.min_points AS tier_min_points,
       coalesce(t.retired_ref <> 0, false) AS is_tier_retired, m.tier_since_at,
       m.tier_mode, m.tier_until_at, m.left_at
FROM programs_membership_row m
JOIN programs_program p ON p.id = m.program_id
LEFT JOIN programs_tier t ON t.id = m.tier_id;

-- Take customers in, in sets. A customer that is a member already is left as it is and not given back; one that left
-- comes back to its account. Whoever is new and brings a date of joining or a tier along keeps them; else it is p_at, and
-- the tier that begins at zero.
CREATE OR REPLACE FUNCTION programs_enroll(
    p_program uuid, p_customers uuid[], p_accounts uuid[], p_account_ids bigint[], p_enrolled_ats timestamptz[],
    p_tier_codes text[], p_at timestamptz)
RETURNS TABLE (customer_public_id uuid, account_public_id uuid, tier_code text)
LANGUAGE sql AS $$
    WITH program AS (SELECT id FROM programs_program WHERE public_id = p_program),
    first_tier AS (
        SELECT t.id FROM programs_tier t JOIN program ON program.id = t.program_id
        WHERE t.min_points <= 0 AND t.retired_ref = 0 AND NOT t.is_invitation_only
        ORDER BY t.min_points DESC LIMIT 1),
    taken AS (
        INSERT INTO programs_membership_row
            (public_id, program_id, customer_id, customer_public_id, account_id, account_public_id, tier_id,
             tier_since_at, enrolled_at)
        SELECT gen_random_uuid(), program.id, d.customer_id, d.public_id, a.account_id, a.account,
               w.tier_id, CASE WHEN w.tier_id IS NOT NULL THEN p_at END, coalesce(a.enrolled_at, p_at)
        FROM program
        CROSS JOIN unnest(p_customers, p_accounts, p_account_ids, p_enrolled_ats, p_tier_codes)
            AS a (customer, account, account_id, enrolled_at, tier_code)
        JOIN customers_directory d ON d.public_id = a.customer
        LEFT JOIN programs_tier t ON t.program_id = program.id AND t.code = a.tier_code AND t.retired_ref = 0
        CROSS JOIN LATERAL (SELECT coalesce(t.id, (SELECT id FROM first_tier)) AS tier_id) AS w
        ON CONFLICT (program_id, customer_id) DO UPDATE
            SET left_at = NULL, version = programs_membership_row.version + 1, updated_at = p_at
            WHERE programs_membership_row.left_at IS NOT NULL
        RETURNING programs_membership_row.customer_public_id, programs_membership_row.account_public_id,
                  programs_membership_row.tier_id)
    SELECT taken.customer_public_id, taken.account_public_id, t.code::text
    FROM taken LEFT JOIN programs_tier t ON t.id = taken.tier_id
$$;

-- Hold members' tiers still until the end of the transaction, always in the same order, so that two never deadlock.
-- What the caller reads in its next statement is then the newest state.
CREATE OR REPLACE FUNCTION programs_lock_members(p_accounts uuid[]) RETURNS void
LANGUAGE sql AS $$
    SELECT m.id FROM programs_membership_row m WHERE m.account_public_id = ANY(p_accounts)
    ORDER BY m.id FOR NO KEY UPDATE
$$;

-- Give members tiers, in sets, with how firmly they stand ('' qualified, floor, pin, one_off) and until when (null is
-- without an end). Given back are those whose tier is another one now; mode and end are set for all.
CREATE OR REPLACE FUNCTION programs_assign_tiers(
    p_accounts uuid[], p_tiers bigint[], p_mode text, p_until timestamptz, p_at timestamptz)
RETURNS TABLE (customer_public_id uuid, account_public_id uuid, program_public_id uuid,
               from_code text, from_min_points bigint, to_code text, to_min_points bigint)
LANGUAGE sql AS $$
    WITH wanted AS (
        SELECT m.id, m.tier_id AS from_id, w.tier AS to_id
        FROM unnest(p_accounts, p_tiers) AS w (account, tier)
        JOIN programs_membership_row m ON m.account_public_id = w.account
        WHERE m.tier_id IS DISTINCT FROM w.tier OR m.tier_mode <> p_mode OR m.tier_until_at IS DISTINCT FROM p_until),
    changed AS (
        UPDATE programs_membership_row m
        SET tier_id = wanted.to_id, tier_mode = p_mode, tier_until_at = p_until,
            tier_since_at = CASE WHEN wanted.from_id IS DISTINCT FROM wanted.to_id THEN p_at ELSE m.tier_since_at END,
            version = m.version + 1, updated_at = p_at
        FROM wanted WHERE m.id = wanted.id AND m.tier_id IS NOT DISTINCT FROM wanted.from_id
        RETURNING m.customer_public_id, m.account_public_id, m.program_id, wanted.from_id, wanted.to_id)
    SELECT changed.customer_public_id, changed.account_public_id, p.public_id,
           f.code::text, f.min_points, t.code::text, t.min_points
    FROM changed
    JOIN programs_program p ON p.id = changed.program_id
    LEFT JOIN programs_tier f ON f.id = changed.from_id
    LEFT JOIN programs_tier t ON t.id = changed.to_id
    WHERE changed.from_id IS DISTINCT FROM changed.to_id
$$;

-- Take members out, in sets; given back are those that were in.
CREATE OR REPLACE FUNCTION programs_leave(p_program uuid, p_customers uuid[], p_at timestamptz)
RETURNS TABLE (customer_public_id uuid, account_public_id uuid)
LANGUAGE sql AS $$
    UPDATE programs_membership_row m SET left_at = p_at, version = m.version + 1, updated_at = p_at
    FROM programs_program p
    WHERE p.public_id = p_program AND m.program_id = p.id AND m.customer_public_id = ANY (p_customers)
    AND m.left_at IS NULL
    RETURNING m.customer_public_id, m.account_public_id
$$;
