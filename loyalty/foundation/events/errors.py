"""Refused outcomes of events."""

from loyalty.foundation.kernel.errors import NotFound


class HandlerUnknown(NotFound):
    """No handler of this name listens in this version."""

    code = "event.handler_unknown"
    title = "No such handler"
