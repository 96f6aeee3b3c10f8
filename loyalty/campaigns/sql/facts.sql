-- Contract function of platform facts, one row per customer to whom anything was ever sent: how much of it in the thirty days
-- up to an instant, and what became of it. Test messages do not count.
CREATE OR REPLACE FUNCTION campaigns_customer_facts(p_now timestamptz)
RETURNS TABLE (customer_id uuid, messages_sent_30d bigint, messages_opened_30d bigint, messages_clicked_30d bigint,
    last_contacted_at timestamptz) LANGUAGE sql STABLE AS $$
    SELECT d.public_id, count(*) FILTER (WHERE s.sent_at > p_now - interval '30 days'),
        count(*) FILTER (WHERE s.opened_at > p_now - interval '30 days'),
        count(*) FILTER (WHERE s.clicked_at > p_now - interval '30 days'), max(s.sent_at)
    FROM delivery_sends s JOIN customers_directory d ON d.customer_id = s.customer_id
    WHERE s.sent_at <= p_now AND NOT s.is_test
    GROUP BY d.public_id
$$;
