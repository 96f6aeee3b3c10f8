"""Refused outcomes of exchange."""

from loyalty.foundation.kernel.errors import Conflict, Invalid, TooLarge, Unprocessable


class EventTypesUnknown(Invalid):
    """A pattern of types names no fact that the platform publishes."""

    code = "webhook.types_unknown"
    title = "No such event type"


class EndpointNotTold(Unprocessable):
    """The endpoint is paused or disabled, so nothing can be sent to it."""

    code = "webhook.endpoint_not_active"
    title = "The endpoint is not active"


class EventsTooManyAtOnce(TooLarge):
    """More events in one call than it takes."""

    code = "event.batch_too_large"
    title = "Too many events at once"


class EventRefused(Invalid):
    """The only event of a call was not taken in; ``facts.reason`` is the code that a batch would tell."""

    code = "event.refused"
    title = "The event was not taken in"


class RehearsalBusy(Conflict):
    """What a tried event would change is held by somebody else, such as an import, for longer than a trial waits."""

    code = "mapping.try_busy"
    title = "An import is under way; try again in a moment"


class MappingTaken(Conflict):
    """There is a mapping of this name for the source."""

    code = "mapping.taken"
    title = "The name is in use"
