"""Refused outcomes of exchange."""

from loyalty.foundation.kernel.errors import Invalid, Unprocessable


class EventTypesUnknown(Invalid):
    """A pattern of types names no fact that the platform publishes."""

    code = "webhook.types_unknown"
    title = "No such event type"


class EndpointNotTold(Unprocessable):
    """The endpoint is paused or disabled, so nothing can be sent to it."""

    code = "webhook.endpoint_not_active"
    title = "The endpoint is not active"
