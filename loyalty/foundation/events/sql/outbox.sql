-- Facts, appended in the transaction of the change they tell of, until they are in the event store (``log.sql``).
-- A slim queue, because every posting pays for it: the key is the only index, and it finds the rows of a transaction.
-- ``recorded_at`` is the moment of the writing, under whatever lock the writer holds, so it orders the facts of one key.
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
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    correlation_id uuid,
    causation_id uuid,
    data jsonb NOT NULL,
    PRIMARY KEY (xid, id)
);
