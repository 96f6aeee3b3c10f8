"""Writes of audit: record, seal, anchor, verify, export."""
