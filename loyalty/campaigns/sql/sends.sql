-- One row per customer and channel of an occurrence, read out of the send ledger: there is no second copy of a status
-- that could differ from it. Replaces the view of executions.sql, which stands for the migrations before.
DROP VIEW IF EXISTS campaigns_execution;
CREATE VIEW campaigns_execution AS
SELECT s.send_id AS id, s.send_public_id AS public_id, s.source_ref AS campaign_ref, o.occurrence, s.customer_id,
    d.public_id AS customer_public_id, d.customer_ref, s.channel, s.variant, s.state AS status, s.reason, s.detail, s.queued_at,
    s.sent_at, s.delivered_at, s.opened_at, s.clicked_at, s.unsubscribed_at, v.converted_at
FROM delivery_sends s
JOIN campaigns_occurrence o ON o.public_id = s.occurrence_ref
JOIN customers_directory d ON d.customer_id = s.customer_id
LEFT JOIN campaigns_conversion v ON v.send_id = s.send_id AND v.is_attributed
WHERE s.source_kind = 'campaign' AND NOT s.is_test;
