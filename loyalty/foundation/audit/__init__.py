"""Who changed what, when and why: append-only rows in the same transaction as the change."""
