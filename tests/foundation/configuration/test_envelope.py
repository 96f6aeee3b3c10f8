"""Sealed texts: bound to their row, to their key, and to every one of their bytes."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from loyalty.foundation.configuration.errors import KeyMissing, KeyWrong
from loyalty.foundation.configuration.kinds import registry
from loyalty.foundation.configuration.kinds.sealing import seal, unseal
from loyalty.foundation.configuration.policy import envelope

OLD, NEW = envelope.LocalKey("o" * 16 + os.urandom(24).hex()), envelope.LocalKey("n" * 16 + os.urandom(24).hex())


def finder(*keys: envelope.LocalKey) -> Callable[[str], envelope.KeyWrapper]:
    """Give what finds a key by its name."""

    def find(name: str) -> envelope.KeyWrapper:
        for one in keys:
            if one.name == name:
                return one
        raise KeyWrong("none")

    return find


@pytest.fixture(autouse=True)
def fresh_keys() -> Any:
    """Ask for the keys anew before and after."""
    registry.forget_keys()
    yield
    registry.forget_keys()


def test_seal__same_text_twice__two_texts_that_open() -> None:
    first, second = (envelope.seal(b"text", OLD, b"row:1") for _ in range(2))
    assert first != second
    assert envelope.unseal(first, finder(OLD), b"row:1") == envelope.unseal(second, finder(OLD), b"row:1") == b"text"


def test_unseal__in_another_row__refused() -> None:
    with pytest.raises(KeyWrong):
        envelope.unseal(envelope.seal(b"text", OLD, b"row:1"), finder(OLD), b"row:2")


def test_unseal__any_byte_changed_or_cut__refused() -> None:
    sealed = envelope.seal(b"text", OLD, b"row:1")
    for place in range(len(sealed)):
        broken = sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]
        with pytest.raises(KeyWrong):
            envelope.unseal(broken, finder(OLD), b"row:1")
        with pytest.raises(KeyWrong):
            envelope.unseal(sealed[:place], finder(OLD), b"row:1")


def test_unseal__data_key_of_another_secret__refused() -> None:
    first, second = (envelope.take_apart(envelope.seal(text, OLD, b"row:1")) for text in (b"one", b"two"))
    mixed = envelope.Parts(first.key_name, first.wrapped, second.content).joined()
    with pytest.raises(KeyWrong):
        envelope.unseal(mixed, finder(OLD), b"row:1")


def test_rewrap__new_key__only_it_opens_and_content_stays() -> None:
    sealed = envelope.seal(b"text", OLD, b"row:1")
    wrapped = envelope.rewrap(sealed, finder(OLD, NEW), NEW, b"row:1")
    assert wrapped is not None
    assert envelope.take_apart(wrapped).content == envelope.take_apart(sealed).content
    assert envelope.unseal(wrapped, finder(NEW), b"row:1") == b"text"
    with pytest.raises(KeyWrong):
        envelope.unseal(wrapped, finder(OLD), b"row:1")
    assert envelope.rewrap(wrapped, finder(NEW), NEW, b"row:1") is None


def test_key__name__tells_nothing_of_it() -> None:
    text = os.urandom(32).hex()
    key = envelope.LocalKey(text)
    assert key.name not in text
    assert text not in repr(key)


def test_keys__none_set__clear_refusal(settings: Any) -> None:
    settings.LOYALTY_SECRETS_KEY, settings.LOYALTY_SECRETS_KEYS_OLD = "", []
    with pytest.raises(KeyMissing, match="LOYALTY_SECRETS_KEY"):
        seal(b"x", associated=b"y")


def test_keys__wrong_one__clear_refusal_and_the_old_one_behind_it_opens(settings: Any) -> None:
    sealed = seal(b"x", associated=b"y")
    before = settings.LOYALTY_SECRETS_KEY
    settings.LOYALTY_SECRETS_KEY = os.urandom(32).hex()
    registry.forget_keys()
    with pytest.raises(KeyWrong, match="LOYALTY_SECRETS_KEYS_OLD"):
        unseal(sealed, associated=b"y")
    settings.LOYALTY_SECRETS_KEYS_OLD = [before]
    assert unseal(sealed, associated=b"y") == b"x"


def test_key_file__new_key_put_first__found_without_a_restart(settings: Any, tmp_path: Path) -> None:
    path, first, second = tmp_path / "keys", os.urandom(32).hex(), os.urandom(32).hex()
    path.write_text(f"# the key of 2026\n{first}\n")
    path.chmod(0o600)
    settings.LOYALTY_SECRETS_KEY_SOURCE, settings.LOYALTY_SECRETS_KEY_FILE = "file", str(path)
    sealed = seal(b"x", associated=b"y")
    path.write_text(f"{second}\n{first}\n")
    newer = seal(b"z", associated=b"y")
    assert unseal(sealed, associated=b"y") == b"x"
    assert unseal(newer, associated=b"y") == b"z"
    assert envelope.take_apart(newer).key_name == envelope.LocalKey(second).name


@pytest.mark.parametrize(("text", "mode"), [("short\n", 0o600), ("k" * 40 + "\n", 0o644), (None, 0)])
def test_key_file__short_open_or_missing__refused(settings: Any, tmp_path: Path, text: str | None, mode: int) -> None:
    path = tmp_path / "keys"
    if text is not None:
        path.write_text(text)
        path.chmod(mode)
    settings.LOYALTY_SECRETS_KEY_SOURCE, settings.LOYALTY_SECRETS_KEY_FILE = "file", str(path)
    with pytest.raises(KeyMissing):
        seal(b"x", associated=b"y")


def test_key_service__registered__wraps_and_opens(settings: Any) -> None:
    class Service:
        """A key service of which the platform never sees a key."""

        name = "service:key/1"

        def wrap(self, data_key: bytes, associated: bytes) -> bytes:
            """Encrypt."""
            return OLD.wrap(data_key, associated)

        def unwrap(self, wrapped: bytes, associated: bytes) -> bytes:
            """Decrypt."""
            return OLD.unwrap(wrapped, associated)

    registry.register_key_source("service", lambda: [Service()])
    settings.LOYALTY_SECRETS_KEY_SOURCE = "service"
    sealed = seal(b"x", associated=b"y")
    assert envelope.take_apart(sealed).key_name == "service:key/1"
    assert unseal(sealed, associated=b"y") == b"x"
