"""Front door of audit."""

from loyalty.foundation.audit.operations import record

__all__ = ["record"]
