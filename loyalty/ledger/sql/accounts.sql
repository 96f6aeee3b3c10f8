-- Opens accounts of members or pools in sets: one per (owner, program, wallet); one that exists is given back as it stands.
-- The four counter-accounts of the program come with its first account.
CREATE OR REPLACE FUNCTION ledger_open_accounts(
    p_public_ids uuid[], p_owners uuid[], p_program uuid, p_now timestamptz,
    p_wallet text DEFAULT 'main', p_kind ledger_account_kind DEFAULT 'member')
RETURNS TABLE (owner_ref uuid, account_id uuid) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    INSERT INTO ledger_account (public_id, kind, program_ref, opened_at)
        SELECT ledger_new_public_id(p_now), k.kind, p_program, p_now
        FROM unnest(ARRAY['issuance', 'redemption', 'breakage', 'adjustment']::ledger_account_kind[]) AS k (kind)
        WHERE NOT EXISTS (SELECT 1 FROM ledger_account a
                          WHERE a.owner_ref IS NULL AND a.program_ref = p_program AND a.kind = k.kind)
        ON CONFLICT DO NOTHING;
    -- Ascending owners, so that two callers who open the same accounts wait in one direction.
    WITH opened AS (
        INSERT INTO ledger_account (public_id, kind, owner_ref, program_ref, wallet, opened_at,
                issuance_id, redemption_id, breakage_id, adjustment_id)
            SELECT n.public_id, p_kind, n.owner_ref, p_program, p_wallet, p_now, c.issuance, c.redemption, c.breakage, c.adjustment
            FROM unnest(p_public_ids, p_owners) AS n (public_id, owner_ref), (
                SELECT max(a.id) FILTER (WHERE a.kind = 'issuance') AS issuance,
                    max(a.id) FILTER (WHERE a.kind = 'redemption') AS redemption,
                    max(a.id) FILTER (WHERE a.kind = 'breakage') AS breakage,
                    max(a.id) FILTER (WHERE a.kind = 'adjustment') AS adjustment
                FROM ledger_account a WHERE a.owner_ref IS NULL AND a.program_ref = p_program) c
            ORDER BY n.owner_ref
            ON CONFLICT DO NOTHING RETURNING id)
    INSERT INTO ledger_balance (account_id, last_recorded_at) SELECT o.id, p_now FROM opened o;
    RETURN QUERY SELECT a.owner_ref, a.public_id FROM ledger_account a
        WHERE a.owner_ref = ANY (p_owners) AND a.program_ref = p_program AND a.kind = p_kind AND a.wallet = p_wallet;
END $$;

-- Freezes, reopens or closes an account under the lock of its balance; gives the status it had.
CREATE OR REPLACE FUNCTION ledger_set_status(p_account uuid, p_status text)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_balance ledger_balance;
BEGIN
    SELECT b.* INTO v_balance FROM ledger_balance b JOIN ledger_account a ON a.id = b.account_id
        WHERE a.public_id = p_account FOR UPDATE OF b;
    IF NOT FOUND THEN
        PERFORM ledger_refuse('KL002', 'There is no such account.', jsonb_build_object('account_id', p_account));
    END IF;
    IF v_balance.status = p_status::ledger_account_status THEN
        RETURN v_balance.status;
    END IF;
    IF v_balance.status = 'CLOSED' THEN
        PERFORM ledger_refuse('KL003', 'The account is closed.', jsonb_build_object('status', 'CLOSED'));
    END IF;
    IF p_status = 'CLOSED' AND (v_balance.points_posted <> 0 OR v_balance.points_pending > 0 OR v_balance.points_debt > 0) THEN
        PERFORM ledger_refuse('KL010', 'The account still holds points.',
                              jsonb_build_object('points_posted', v_balance.points_posted));
    END IF;
    UPDATE ledger_balance SET status = p_status::ledger_account_status WHERE account_id = v_balance.account_id;
    RETURN v_balance.status;
END $$;

-- The counter-account of a partner in a program, opened when it is first needed. It has no balance row.
CREATE OR REPLACE FUNCTION ledger_partner_account(p_partner uuid, p_program uuid, p_now timestamptz)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_id bigint;
BEGIN
    SELECT a.id INTO v_id FROM ledger_account a
        WHERE a.owner_ref = p_partner AND a.program_ref = p_program AND a.kind = 'partner' AND a.wallet = 'main';
    IF NOT FOUND THEN
        INSERT INTO ledger_account (public_id, kind, owner_ref, program_ref, opened_at)
            VALUES (ledger_new_public_id(p_now), 'partner', p_partner, p_program, p_now) ON CONFLICT DO NOTHING;
        SELECT a.id INTO v_id FROM ledger_account a
            WHERE a.owner_ref = p_partner AND a.program_ref = p_program AND a.kind = 'partner' AND a.wallet = 'main';
    END IF;
    RETURN v_id;
END $$;
