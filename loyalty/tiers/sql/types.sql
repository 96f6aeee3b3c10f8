-- What a look at a member finds: where it stood, what it has earned, and what becomes of it. Written down by tiers_write.
DROP TYPE IF EXISTS tiers_seen CASCADE;
CREATE TYPE tiers_seen AS (
    account uuid,
    customer uuid,
    -- The tier in the membership before, and after.
    has_id bigint,
    effective_id bigint,
    -- How the membership's tier was given, before and after; empty for one by qualification.
    has_mode text,
    mode text,
    -- What counts in the window, and the tier that it reaches.
    value numeric,
    earned_id bigint,
    earned_min bigint,
    -- The tier by qualification alone, before and after; a manual tier lies over it.
    old_track_id bigint,
    track_id bigint,
    track_min bigint,
    kept_until date,
    falls_on date,
    step_down_id bigint,
    warned_until date,
    look_on date,
    manual_mode text,
    manual_tier_id bigint,
    manual_until timestamptz,
    is_manual_below boolean,
    period_start date,
    is_to_warn boolean,
    is_changed boolean,
    reason text,
    effective_at timestamptz
);
