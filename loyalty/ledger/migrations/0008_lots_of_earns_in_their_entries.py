"""The lot of an earn in its entry, for databases made before: what they hold stays where it is, apart."""

from django.db import migrations

from loyalty.foundation.orm.sql import install

# A database made by today's first migration has all of this already.
BRING = """
DO $$
BEGIN
    IF (SELECT c.relkind FROM pg_class c WHERE c.oid = 'ledger_lot'::regclass) <> 'r' THEN
        RETURN;
    END IF;
    ALTER TABLE ledger_entry ADD COLUMN earned_at timestamptz, ADD COLUMN expires_at timestamptz,
        ADD COLUMN spendable_until timestamptz, ADD COLUMN cap_ref text COLLATE "C", ADD COLUMN cap_window date,
        ADD CONSTRAINT ledger_entry_lot CHECK (earned_at IS NULL OR points_change > 0 AND line = 1);
    DROP VIEW ledger_open_lots, ledger_cap_count CASCADE;
    DROP FUNCTION ledger_lots_of(bigint);
    ALTER TABLE ledger_lot RENAME TO ledger_lot_apart;
    ALTER INDEX ledger_lot_transaction RENAME TO ledger_lot_apart_transaction;
    ALTER INDEX ledger_lot_source RENAME TO ledger_lot_apart_source;
    CREATE VIEW ledger_lot AS
        SELECT e.transaction_id AS id, e.transaction_id, e.account_id, e.earned_at, e.expires_at, e.spendable_until,
            e.points_change AS points_original, NULL::bigint AS source_lot_id
        FROM ledger_entry e WHERE e.earned_at IS NOT NULL
        UNION ALL
        SELECT l.id, l.transaction_id, l.account_id, l.earned_at, l.expires_at, l.spendable_until, l.points_original,
            l.source_lot_id
        FROM ledger_lot_apart l;
    CREATE VIEW ledger_cap_count AS
        SELECT h.transaction_id, h.cap_ref, h.window_start, h.account_id, h.points_asked, h.points_counted, h.units_counted,
            h.part
        FROM ledger_cap_hit h
        UNION ALL
        SELECT e.transaction_id, e.cap_ref, e.cap_window, e.account_id, e.points_change, e.points_change, e.points_change, NULL
        FROM ledger_entry e WHERE e.cap_ref IS NOT NULL
        UNION ALL
        SELECT l.id, l.cap_ref, l.cap_window, l.account_id, l.points_original, l.points_original, l.points_original, NULL
        FROM ledger_lot_apart l WHERE l.cap_ref IS NOT NULL;
END $$;
"""
VERBS = ("common", "caps", "earn", "earn_batch", "pending", "burn_batch", "open_lots", "adjust", "transfer", "hold")


class Migration(migrations.Migration):
    dependencies = [("ledger", "0007_transfers_in_sets")]
    operations = [
        migrations.RunSQL(BRING, migrations.RunSQL.noop),
        install("loyalty.ledger", *VERBS),
        install("loyalty.ledger", "reverse", "merge", "reconcile", "views", "hold_batch", "transfer_batch", "guards"),
    ]
