-- Lists read out of each program's newest version; an id is derived, so it stays the same as long as the version does.
CREATE OR REPLACE VIEW programs_newest_version AS
SELECT DISTINCT ON (program_id) * FROM programs_programversion ORDER BY program_id, number DESC;

CREATE OR REPLACE VIEW programs_rules AS
SELECT md5(v.public_id::text || r.kind)::uuid AS public_id, v.program_id, v.number AS program_version, r.kind, r.rule
FROM programs_newest_version v
CROSS JOIN LATERAL (VALUES ('earn', v.earn_rule), ('burn', v.burn_rule)) AS r (kind, rule)
WHERE r.rule IS NOT NULL AND r.rule <> 'null'::jsonb;

CREATE OR REPLACE VIEW programs_earn_caps AS
SELECT md5(v.public_id::text || 'cap:day')::uuid AS public_id, v.program_id, v.number AS program_version,
       'day'::text AS period, v.earn_cap_daily AS points_max
FROM programs_newest_version v
WHERE v.earn_cap_daily IS NOT NULL;

CREATE OR REPLACE VIEW programs_expiry_rules AS
SELECT md5(v.public_id::text || 'expiry')::uuid AS public_id, v.program_id, v.number AS program_version, v.expiry_days
FROM programs_newest_version v
WHERE v.expiry_days IS NOT NULL;
