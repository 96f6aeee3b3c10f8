"""Front door of work."""

from loyalty.foundation.work.contracts import RunView
from loyalty.foundation.work.errors import RunAlreadyActive, RunCancelled, RunFinished
from loyalty.foundation.work.operations import RunContext, execute_next, ring, start
from loyalty.foundation.work.queries import find_latest_run
from loyalty.foundation.work.registry import register

__all__ = [
    "RunAlreadyActive",
    "RunCancelled",
    "RunContext",
    "RunFinished",
    "RunView",
    "execute_next",
    "find_latest_run",
    "register",
    "ring",
    "start",
]
