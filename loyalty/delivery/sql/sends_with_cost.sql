-- Contract view: every send with what it belongs to and what it cost. Replaces the one of sends.sql, which stands for the
-- migrations before.
CREATE OR REPLACE VIEW delivery_sends AS
SELECT s.id AS send_id, s.public_id AS send_public_id, s.message_id, m.public_id AS message_public_id,
    m.occurrence_key, m.occurrence_ref, m.source_kind, s.source_ref, m.is_test, s.customer_id, s.channel, m.purpose, s.state, s.reason,
    s.detail, s.attempts, s.queued_at, s.sent_at, s.delivered_at, s.opened_at, s.clicked_at, s.variant, s.unsubscribed_at, s.due_at, s.cost
FROM delivery_send s JOIN delivery_message m ON m.id = s.message_id;
