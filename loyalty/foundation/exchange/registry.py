"""Which domain takes which events of other systems in; filled when the platform starts."""

from loyalty.foundation.exchange.contracts import Receiver


class _Registry:
    receivers: dict[str, Receiver] = {}  # noqa: RUF012 - one registry for the process


def register_receiver(beginning: str, receive: Receiver) -> None:
    """Have events whose type begins so taken in by a domain instead of being published as they came."""
    _Registry.receivers[beginning] = receive


def find_receiver(event_type: str) -> Receiver | None:
    """Give who takes a type in, or None when nobody said so."""
    return next((one for beginning, one in _Registry.receivers.items() if event_type.startswith(beginning)), None)
