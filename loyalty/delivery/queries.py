"""Reads of delivery."""

from collections.abc import Mapping

from loyalty.delivery.contracts import Rendered
from loyalty.delivery.kinds import registry


def list_channels() -> list[str]:
    """Give the channels that can send here."""
    return registry.available()


def list_variables(channel: str, content: Mapping[str, str]) -> tuple[str, ...]:
    """Give the names that a checked content uses.

    :raises ChannelUnknown, ChannelNotAvailable: nothing can be sent there.
    """
    return registry.get(channel).variables_of(content)


def render_preview(*, channel: str, content: Mapping[str, str], values: Mapping[str, object]) -> Rendered:
    """Give a message as a customer with these values would get it, with nothing tracked.

    :raises ChannelUnknown, ChannelNotAvailable: nothing can be sent there.
    :raises VariableMissing: a value is missing that has no fallback.
    """
    return registry.get(channel).render(content, values, send_id=None, is_marketing=True)
