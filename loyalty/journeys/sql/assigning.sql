-- Arms of experiments: drawn once for a customer and kept, whatever becomes of the weights.

-- Gives the arm of each of some customers in an experiment, drawing those who have none yet: the bucket of salt and public id, in
-- which branch i holds the buckets below p_ceilings[i] that no earlier one holds. Who has an arm keeps it; an arm that is no longer
-- among p_codes cannot be kept, so those customers are drawn again and marked as mixed. Of workers side by side the first to draw
-- counts: each statement in here sees what others committed before it. Customers come in one order, so that nobody waits in a circle.
CREATE OR REPLACE FUNCTION journeys_assign(
    p_experiment text, p_salt text, p_customers bigint[], p_public_ids uuid[], p_codes text[], p_ceilings integer[],
    p_holdout text, p_now timestamptz)
RETURNS TABLE (customer_id bigint, arm text) LANGUAGE plpgsql SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
DECLARE
    v_experiment bigint := (SELECT e.id FROM journeys_experiment e WHERE e.name = p_experiment);
    v_buckets integer := p_ceilings[cardinality(p_ceilings)];
BEGIN
    IF v_experiment IS NULL THEN
        INSERT INTO journeys_experiment (name, begun_at) VALUES (p_experiment, p_now) ON CONFLICT (name) DO NOTHING;
        SELECT e.id INTO STRICT v_experiment FROM journeys_experiment e WHERE e.name = p_experiment;
    END IF;
    INSERT INTO journeys_assignment (experiment_id, customer_id, arm, is_holdout, is_mixed, assigned_at)
    SELECT v_experiment, u.customer_id, u.arm, u.arm = p_holdout, false, p_now
    FROM (
        SELECT DISTINCT c.customer_id,
            p_codes[1 + width_bucket(journeys_bucket(p_salt, c.public_id, v_buckets), p_ceilings)] AS arm
        FROM unnest(p_customers, p_public_ids) c (customer_id, public_id)) u
    WHERE NOT EXISTS (
        SELECT 1 FROM journeys_assignment a WHERE a.experiment_id = v_experiment AND a.customer_id = u.customer_id)
    ORDER BY u.customer_id
    ON CONFLICT (experiment_id, customer_id) DO NOTHING;
    UPDATE journeys_assignment a SET arm = d.arm, is_holdout = d.arm = p_holdout, is_mixed = true, assigned_at = p_now
    FROM (
        SELECT o.customer_id, p_codes[1 + width_bucket(journeys_bucket(p_salt, c.public_id, v_buckets), p_ceilings)] AS arm
        FROM (
            SELECT k.customer_id FROM journeys_assignment k
            WHERE k.experiment_id = v_experiment AND k.customer_id = ANY (p_customers) AND NOT k.arm = ANY (p_codes)
            ORDER BY k.customer_id FOR UPDATE) o
        JOIN (SELECT DISTINCT * FROM unnest(p_customers, p_public_ids) u (customer_id, public_id)) c
            ON c.customer_id = o.customer_id) d
    WHERE a.experiment_id = v_experiment AND a.customer_id = d.customer_id;
    RETURN QUERY
    SELECT a.customer_id, a.arm::text FROM journeys_assignment a
    WHERE a.experiment_id = v_experiment AND a.customer_id = ANY (p_customers);
END $$;

-- Has people at a split, held by the caller, leave it by the arm that is kept for their customer. Whose customer is gone is drawn
-- without being kept.
CREATE OR REPLACE FUNCTION journeys_split_kept(
    p_node bigint, p_ids uuid[], p_experiment text, p_salt text, p_codes text[], p_ceilings integer[], p_holdout text,
    p_now timestamptz) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_customers bigint[];
    v_public_ids uuid[];
    v_ids uuid[];
    v_branches text[];
    v_entered timestamptz[];
BEGIN
    SELECT array_agg(x.customer_id ORDER BY x.id), array_agg(d.public_id ORDER BY x.id), array_agg(x.id ORDER BY x.id),
        array_agg(x.entered_at ORDER BY x.id)
    INTO v_customers, v_public_ids, v_ids, v_entered
    FROM journeys_execution x LEFT JOIN customers_directory d ON d.customer_id = x.customer_id WHERE x.id = ANY (p_ids);
    IF v_ids IS NULL THEN
        RETURN 0;
    END IF;
    WITH known AS MATERIALIZED (
        SELECT array_agg(u.customer_id) AS customers, array_agg(u.public_id) AS public_ids
        FROM unnest(v_customers, v_public_ids) u (customer_id, public_id) WHERE u.public_id IS NOT NULL
    ), kept AS MATERIALIZED (
        SELECT a.customer_id, a.arm FROM known k CROSS JOIN LATERAL journeys_assign(
            p_experiment, p_salt, coalesce(k.customers, '{}'), coalesce(k.public_ids, '{}'), p_codes, p_ceilings, p_holdout,
            p_now) a
    )
    SELECT array_agg(coalesce(k.arm, p_codes[1 + width_bucket(
        journeys_bucket(p_salt, u.id, p_ceilings[cardinality(p_ceilings)]), p_ceilings)]) ORDER BY u.n)
    INTO v_branches
    FROM unnest(v_ids, v_customers) WITH ORDINALITY u (id, customer_id, n) LEFT JOIN kept k ON k.customer_id = u.customer_id;
    RETURN journeys_leave(p_node, v_ids, v_branches, NULL, NULL, p_now, v_entered);
END $$;
