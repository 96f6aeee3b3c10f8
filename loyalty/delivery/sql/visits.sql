-- Contract view: who came to which message over which link; `machine` is empty for a person. Opens of persons are in delivery_sends.
CREATE OR REPLACE VIEW delivery_visits AS
SELECT v.send_id, s.source_ref, s.channel, s.customer_id, m.is_test, v.action, v.target, v.machine, v.visits, v.first_at, v.last_at
FROM delivery_visit v JOIN delivery_send s ON s.id = v.send_id JOIN delivery_message m ON m.id = s.message_id;
