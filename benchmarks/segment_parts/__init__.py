"""Parts of the benchmark of segments: events, single decisions and per-row evaluation, DuckDB."""
