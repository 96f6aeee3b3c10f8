-- Contract view: which programs there are.
CREATE OR REPLACE VIEW programs_directory AS
SELECT id AS program_id, public_id, code, name, status, start_date, end_date, currency, timezone, enrollment, created_at,
       version AS edit_version
FROM programs_program;
