-- Facts, appended in the transaction of the change they tell of.
-- (xid, id) is the reading order: a reader stops below the oldest transaction still running, so that a fact
-- whose transaction commits late is never passed over (a plain id cursor would skip it for ever).
CREATE TABLE IF NOT EXISTS events_outbox (
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    id bigint GENERATED ALWAYS AS IDENTITY (CACHE 50),
    event_id uuid NOT NULL,
    type text NOT NULL,
    version smallint NOT NULL DEFAULT 1,
    key text NOT NULL DEFAULT '',
    subject_kind text NOT NULL DEFAULT '',
    subject_ref text NOT NULL DEFAULT '',
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    correlation_id uuid,
    causation_id uuid,
    data jsonb NOT NULL,
    PRIMARY KEY (xid, id)
);
