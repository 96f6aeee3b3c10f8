"""What the nightly proof sums up lies in the indexes of entries and lots, for databases made before."""

from django.db import migrations

from loyalty.foundation.orm.sql import install

# A database made by today's first migration has all of this already.
BRING = """
DO $$
BEGIN
    IF (SELECT i.indnatts FROM pg_index i WHERE i.indexrelid = 'ledger_entry_sequence'::regclass) > 2 THEN
        RETURN;
    END IF;
    CREATE UNIQUE INDEX ledger_entry_sequence_whole
        ON ledger_entry (account_id, account_sequence) INCLUDE (points_change, kind);
    DROP INDEX ledger_entry_sequence;
    ALTER INDEX ledger_entry_sequence_whole RENAME TO ledger_entry_sequence;
    CREATE UNIQUE INDEX ledger_lot_open_whole
        ON ledger_lot_open (account_id, spendable_until, earned_at, lot_id) INCLUDE (points_remaining, points_held);
    ALTER TABLE ledger_lot_open DROP CONSTRAINT ledger_lot_open_pkey;
    ALTER TABLE ledger_lot_open ADD CONSTRAINT ledger_lot_open_pkey PRIMARY KEY USING INDEX ledger_lot_open_whole;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0009_points_overdue")]
    operations = [migrations.RunSQL(BRING, migrations.RunSQL.noop), install("loyalty.ledger", "reconcile")]
