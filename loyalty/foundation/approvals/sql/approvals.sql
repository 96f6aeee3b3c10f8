-- What was asked for stays what it was, and a request that has ended stays ended. Executed is only what every step of it approved,
-- under the hash that was asked for.
CREATE OR REPLACE FUNCTION approvals_guard_request() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    v_open CONSTANT text[] := ARRAY['state', 'step', 'open_roles', 'open_users', 'open_permission', 'closed_at', 'closed_reason',
        'closed_by', 'result', 'version', 'updated_at'];
    v_steps integer;
BEGIN
    IF OLD.state <> 'PENDING' THEN
        RAISE EXCEPTION 'request % has ended as %: it is not changed', OLD.public_id, OLD.state USING ERRCODE = 'restrict_violation';
    END IF;
    IF to_jsonb(OLD) - v_open <> to_jsonb(NEW) - v_open THEN
        RAISE EXCEPTION 'request % is not edited: only where it stands changes', OLD.public_id USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.step < OLD.step THEN
        RAISE EXCEPTION 'request % does not go back', OLD.public_id USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.state = 'EXECUTED' THEN
        SELECT count(DISTINCT d.step) INTO v_steps FROM approvals_approvaldecision d
        WHERE d.request_id = NEW.id AND d.verdict = 'APPROVE' AND d.payload_hash = NEW.payload_hash;
        IF v_steps <> jsonb_array_length(NEW.steps) OR EXISTS (
            SELECT 1 FROM approvals_approvaldecision d WHERE d.request_id = NEW.id AND d.verdict = 'REJECT') THEN
            RAISE EXCEPTION 'request % was not approved', OLD.public_id USING ERRCODE = 'restrict_violation';
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER approvals_request_guard BEFORE UPDATE ON approvals_approvalrequest
    FOR EACH ROW EXECUTE FUNCTION approvals_guard_request();
CREATE OR REPLACE TRIGGER approvals_request_kept BEFORE DELETE ON approvals_approvalrequest
    FOR EACH ROW EXECUTE FUNCTION audit_refuse_change();

-- A request begins as one that waits: nobody writes a granted one.
CREATE OR REPLACE FUNCTION approvals_guard_new_request() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state <> 'PENDING' OR NEW.step <> 0 OR cardinality(NEW.maker_keys) = 0 THEN
        RAISE EXCEPTION 'a request begins as PENDING, at its first step, with its maker' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER approvals_request_begun BEFORE INSERT ON approvals_approvalrequest
    FOR EACH ROW EXECUTE FUNCTION approvals_guard_new_request();

-- A decision is on the open step of a request that waits, under its hash; the maker's marks come from the request, so that the
-- check that maker and checker are two (a constraint of the table) cannot be talked round. One person decides once, by whichever account.
CREATE OR REPLACE FUNCTION approvals_guard_decision() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    v_request approvals_approvalrequest;
BEGIN
    SELECT * INTO v_request FROM approvals_approvalrequest WHERE id = NEW.request_id;
    NEW.maker_keys := v_request.maker_keys;
    IF v_request.state <> 'PENDING' OR v_request.step <> NEW.step OR v_request.payload_hash <> NEW.payload_hash THEN
        RAISE EXCEPTION 'this is not the open step of request %', v_request.public_id USING ERRCODE = 'restrict_violation';
    END IF;
    IF NOT ('user:' || NEW.checker_ref) = ANY (NEW.checker_keys)
        OR (NEW.on_behalf_of_ref <> '' AND NOT ('user:' || NEW.on_behalf_of_ref) = ANY (NEW.checker_keys)) THEN
        RAISE EXCEPTION 'a decision carries the marks of whoever makes it' USING ERRCODE = 'restrict_violation';
    END IF;
    IF EXISTS (SELECT 1 FROM approvals_approvaldecision d WHERE d.request_id = NEW.request_id AND d.checker_keys && NEW.checker_keys) THEN
        RAISE EXCEPTION 'this person has decided on request %', v_request.public_id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER approvals_decision_guard BEFORE INSERT ON approvals_approvaldecision
    FOR EACH ROW EXECUTE FUNCTION approvals_guard_decision();
CREATE OR REPLACE TRIGGER approvals_decision_kept BEFORE UPDATE OR DELETE ON approvals_approvaldecision
    FOR EACH ROW EXECUTE FUNCTION audit_refuse_change();
