"""The HTTP edge: problem documents, strict input, paging, ETags, idempotency keys and declared permissions."""
