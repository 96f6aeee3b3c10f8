-- Contract view: every purchase that was told as an event and can be read as one, with its customer. `lookup` is the
-- event store's: ask by it and by `key` for one customer, by `occurred_at` for a window of time.
CREATE OR REPLACE VIEW features_purchases AS
    SELECT e.event_id, e.lookup, e.key, e.occurred_at, events_number(e.data -> 'amount') AS amount,
        events_text(e.data -> 'currency') AS currency
    FROM events_store e
    WHERE e.type = 'customer.purchase' AND events_number(e.data -> 'amount') >= 0;
