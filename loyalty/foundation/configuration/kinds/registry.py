"""The kinds of places for master keys; a key management service registers itself here by name."""

from collections.abc import Callable, Sequence

from django.conf import settings

from loyalty.foundation.configuration.errors import KeyMissing, KeyWrong
from loyalty.foundation.configuration.kinds import environment, file
from loyalty.foundation.configuration.policy.envelope import KeyWrapper

# Gives the keys that may be used now, the one that seals first; asked again when a key is not among those at hand.
KeySource = Callable[[], Sequence[KeyWrapper]]

_sources: dict[str, KeySource] = {"environment": environment.keys, "file": file.keys}


class _Held:
    keys: tuple[KeyWrapper, ...] = ()
    source: str = ""


def register_key_source(name: str, source: KeySource) -> None:
    """Take in another place for master keys; ``LOYALTY_SECRETS_KEY_SOURCE`` then names it."""
    _sources[name] = source


def forget_keys() -> None:
    """Ask the source anew at the next use."""
    _Held.keys = ()


def _keys(*, is_fresh: bool = False) -> tuple[KeyWrapper, ...]:
    name = settings.LOYALTY_SECRETS_KEY_SOURCE
    if is_fresh or not _Held.keys or _Held.source != name:
        if name not in _sources:
            raise KeyMissing(f"LOYALTY_SECRETS_KEY_SOURCE is {name}; there are {', '.join(sorted(_sources))}.")
        _Held.keys, _Held.source = tuple(_sources[name]()), name
    if not _Held.keys:
        raise KeyMissing("Set LOYALTY_SECRETS_KEY to at least 32 random bytes, or LOYALTY_SECRETS_KEY_FILE to a file.")
    return _Held.keys


def sealing_key() -> KeyWrapper:
    """Give the key that seals.

    :raises KeyMissing: none is set.
    """
    return _keys(is_fresh=True)[0]


def find_key(name: str) -> KeyWrapper:
    """Give the key of a name; a key that came meanwhile is found, because the source is asked again.

    :raises KeyWrong: none of the keys has it.
    :raises KeyMissing: none is set.
    """
    for keys in (_keys(), _keys(is_fresh=True)):
        for one in keys:
            if one.name == name:
                return one
    raise KeyWrong(
        f"A secret was sealed by the master key {name[:16]}, which is not among those that are set. Add it to "
        "LOYALTY_SECRETS_KEYS_OLD (or to the key file), or enter the secret anew."
    )
