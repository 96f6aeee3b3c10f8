-- One row per customer and channel of an occurrence, read out of the send ledger: there is no second copy of a status
-- that could differ from it.
CREATE OR REPLACE VIEW campaigns_execution AS
SELECT s.send_id AS id, s.send_public_id AS public_id, s.source_ref AS campaign_ref, o.occurrence, s.customer_id,
    d.public_id AS customer_public_id, d.customer_ref, s.channel, s.state AS status, s.reason, s.detail, s.queued_at,
    s.sent_at, s.delivered_at, s.opened_at, s.clicked_at
FROM delivery_sends s
JOIN campaigns_occurrence o ON o.public_id = s.occurrence_ref
JOIN customers_directory d ON d.customer_id = s.customer_id
WHERE s.source_kind = 'campaign' AND NOT s.is_test;

-- Contract view: the campaigns themselves.
CREATE OR REPLACE VIEW campaigns_directory AS
SELECT c.id AS campaign_id, c.public_id, c.name, c.status, c.created_at FROM campaigns_campaign c;
