-- Takes customers in as programs_enroll does, and tells of each that is new or came back.
CREATE OR REPLACE FUNCTION programs_take_in(
    p_program uuid, p_customers uuid[], p_accounts uuid[], p_account_ids bigint[], p_enrolled_ats timestamptz[],
    p_tier_codes text[], p_at timestamptz)
RETURNS TABLE (customer_public_id uuid, account_public_id uuid, tier_code text)
LANGUAGE plpgsql SET jit = off SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH taken AS MATERIALIZED (
        SELECT e.customer_public_id, e.account_public_id, e.tier_code
        FROM programs_enroll(p_program, p_customers, p_accounts, p_account_ids, p_enrolled_ats, p_tier_codes, p_at) e),
    told AS (
        INSERT INTO events_outbox (event_id, type, key, subject_kind, subject_ref, occurred_at, data)
        SELECT gen_random_uuid(), 'member.enrolled', t.customer_public_id::text, 'customer', t.customer_public_id::text, p_at,
            jsonb_build_object('program_id', p_program, 'customer_id', t.customer_public_id,
                'account_id', t.account_public_id, 'tier_code', t.tier_code)
        FROM taken t)
    SELECT t.customer_public_id, t.account_public_id, t.tier_code FROM taken t;
END $$;
