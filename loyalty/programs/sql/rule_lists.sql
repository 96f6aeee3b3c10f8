-- Lists read out of each program's version in effect; an id is derived, so it stays the same as long as the version does.
-- A version that has begun carries used_at; one that is scheduled does not yet, and a draft has only its first one.
CREATE OR REPLACE VIEW programs_current_version AS
SELECT DISTINCT ON (program_id) id, public_id, program_id, number, starts_at, terms, tiers
FROM programs_programversion
ORDER BY program_id, (used_at IS NOT NULL) DESC, starts_at DESC, number DESC;

CREATE OR REPLACE VIEW programs_rules AS
SELECT md5(v.public_id::text || r.kind || ':' || r.code)::uuid AS public_id, v.program_id,
       v.number AS program_version, r.kind, r.code, r.name, r.rule, r.details
FROM programs_current_version v
CROSS JOIN LATERAL (
    SELECT 'earn' AS kind, e ->> 'code' AS code, e ->> 'name' AS name, e -> 'rule' AS rule, e AS details
    FROM jsonb_array_elements(v.terms -> 'earn_rules') AS e
    UNION ALL
    SELECT 'burn', 'burn', '', v.terms -> 'burn_rule', '{}'::jsonb) AS r
WHERE r.rule <> 'null'::jsonb;

CREATE OR REPLACE VIEW programs_earn_caps AS
SELECT md5(v.public_id::text || 'cap:' || (c ->> 'code'))::uuid AS public_id, v.program_id,
       v.number AS program_version, c ->> 'code' AS code, c ->> 'period' AS period, c ->> 'scope' AS scope,
       c ->> 'measure' AS measure, (c ->> 'limit')::numeric AS "limit",
       CASE WHEN c ->> 'measure' = 'points' THEN (c ->> 'limit')::numeric::bigint END AS points_max,
       c ->> 'rule_code' AS rule_code, c ->> 'partner_ref' AS partner_ref, c -> 'tier_codes' AS tier_codes,
       c ->> 'on_reach' AS on_reach
FROM programs_current_version v
CROSS JOIN LATERAL jsonb_array_elements(v.terms -> 'caps') AS c;

CREATE OR REPLACE VIEW programs_expiry_rules AS
SELECT md5(v.public_id::text || 'expiry')::uuid AS public_id, v.program_id, v.number AS program_version,
       v.terms -> 'expiry' ->> 'kind' AS kind,
       CASE WHEN v.terms -> 'expiry' ->> 'kind' = 'age' THEN (v.terms -> 'expiry' ->> 'days')::integer END
           AS expiry_days,
       v.terms -> 'expiry' AS details
FROM programs_current_version v
WHERE v.terms -> 'expiry' ->> 'kind' <> 'never';
