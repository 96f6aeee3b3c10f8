"""Which domain takes which events of other systems in; filled when the platform starts."""

from dataclasses import dataclass

from loyalty.foundation.exchange.contracts import Receiver


@dataclass(frozen=True, slots=True)
class Reception:
    """Who takes events in, and the permission that their sender needs beside the one to send events at all."""

    receive: Receiver
    permission: str = ""


class _Registry:
    receptions: dict[str, Reception] = {}  # noqa: RUF012 - one registry for the process


def register_receiver(beginning: str, receive: Receiver, *, permission: str = "") -> None:
    """Have events whose type begins so taken in by a domain instead of being published as they came.

    :param permission: what a caller who posts them needs besides; a topic that is read was allowed when it was named.
    """
    _Registry.receptions[beginning] = Reception(receive, permission)


def find_reception(event_type: str) -> Reception | None:
    """Give who takes a type in, or None when nobody said so."""
    return next((one for beginning, one in _Registry.receptions.items() if event_type.startswith(beginning)), None)
