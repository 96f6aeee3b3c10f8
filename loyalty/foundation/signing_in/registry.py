"""Who carries letters to the platform's own people: sending mail stands above signing in."""

from collections.abc import Callable

from loyalty.foundation.signing_in.contracts import Letter

# Gives whether the letter was taken over; False when it may be tried again later.
Carry = Callable[[Letter], bool]


class _Registered:
    carry: Carry | None = None


def register_carrier(carry: Carry) -> None:
    """Take in what carries letters; called in ``ready()``."""
    _Registered.carry = carry


def carry(letter: Letter) -> bool:
    """Send a letter; False when nobody carries letters here, or not now."""
    return _Registered.carry is not None and _Registered.carry(letter)
