"""Front door of audit."""

from loyalty.foundation.audit.operations import record, recording

__all__ = ["record", "recording"]
