"""HTTP routes of audit."""
