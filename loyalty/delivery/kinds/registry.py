"""Which channels can send; a channel that is only known by name is refused."""

from loyalty.delivery.contracts import ChannelCode
from loyalty.delivery.errors import ChannelNotAvailable, ChannelUnknown
from loyalty.delivery.kinds.protocol import Channel


class _Registry:
    channels: dict[str, Channel] = {}  # noqa: RUF012 - one registry for the process


def register(channel: Channel) -> None:
    """Have a channel sent on."""
    _Registry.channels[channel.code] = channel


def available() -> list[str]:
    """Give the codes that can send here, in order."""
    return sorted(code for code, channel in _Registry.channels.items() if channel.is_configured())


def repeatable() -> list[str]:
    """Give the codes of channels on which handing a message over twice is the same as once."""
    return sorted(code for code, channel in _Registry.channels.items() if getattr(channel, "is_repeatable", False))


def get(code: str) -> Channel:
    """Give the channel of a code.

    :raises ChannelUnknown: no channel has this name.
    :raises ChannelNotAvailable: it is known, and has no kind or no settings here.
    """
    channel = _Registry.channels.get(code)
    if channel is not None and channel.is_configured():
        return channel
    if code in {known.value for known in ChannelCode}:
        raise ChannelNotAvailable(f"Nothing can be sent by {code} here.", channel=code)
    raise ChannelUnknown(f"There is no channel {code[:40]!r}.")
