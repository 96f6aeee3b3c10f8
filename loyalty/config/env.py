"""Settings from the environment, each checked when the process starts; a bad value stops it with one sentence."""

import os
import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

SECRET_BYTES_MIN = 32
# Of 64 random hexadecimal digits at least 10 different ones occur, and nearly all triples are different.
SECRET_CHARACTERS_MIN = 10
DIFFERENT_TRIPLES_MIN = 0.7
NEIGHBOURS_MAX = 0.3
# What documentation, tutorials and keyboards offer.
SECRET_WORDS = (
    *("secret", "password", "passwort", "change", "example", "insecure", "default", "django", "khaywe", "loyalty"),
    *("qwerty", "asdfgh", "zxcvbn", "123456", "654321", "abcdef", "replace", "sample", "placeholder", "testing"),
)


class SettingInvalid(SystemExit):
    """A setting cannot be used; the process ends with exit code 2 and one sentence."""

    def __init__(self, name: str, reason: str) -> None:
        self.sentence = f"khaywe: the setting {name} {reason}"
        super().__init__(self.sentence)


def text(name: str, default: str | None = None) -> str:
    """Read a text.

    :raises SettingInvalid: it is not set and has no default.
    """
    value = os.environ.get(name, default)
    if value is None:
        raise SettingInvalid(name, "is not set.")
    return value


def whole(name: str, default: int, *, low: int, high: int) -> int:
    """Read a whole number within bounds.

    :raises SettingInvalid: not a number or out of bounds.
    """
    raw = os.environ.get(name, str(default))
    if not raw.strip().lstrip("-").isdigit() or not low <= int(raw) <= high:
        raise SettingInvalid(name, f"is {raw!r}; it must be a whole number from {low} to {high}.")
    return int(raw)


def flag(name: str, *, default: bool = False) -> bool:
    """Read true or false.

    :raises SettingInvalid: another word.
    """
    raw = os.environ.get(name, "true" if default else "false").strip().lower()
    if raw not in ("true", "false", "1", "0", "yes", "no"):
        raise SettingInvalid(name, f"is {raw!r}; it must be true or false.")
    return raw in ("true", "1", "yes")


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    """Read one of several words.

    :raises SettingInvalid: another word.
    """
    raw = os.environ.get(name, default)
    if raw not in allowed:
        raise SettingInvalid(name, f"is {raw!r}; it must be one of {', '.join(allowed)}.")
    return raw


def listing(name: str, default: str) -> list[str]:
    """Read words separated by commas."""
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


def mapping(name: str) -> dict[str, str]:
    """Read pairs such as ``group=role,group=role``.

    :raises SettingInvalid: a pair has no ``=``, or nothing on one side of it.
    """
    parts = [pair.partition("=") for pair in listing(name, "")]
    found = {left.strip(): right.strip() for left, _, right in parts}
    if not all(left and right for left, right in found.items()):
        raise SettingInvalid(name, "must read name=value,name=value.")
    return found


@dataclass(frozen=True, slots=True)
class DatabaseAddress:
    """Where a PostgreSQL database is."""

    name: str
    user: str
    password: str
    host: str
    port: int
    options: dict[str, str]


def postgres(name: str, default: str | None = None) -> DatabaseAddress:
    """Read a ``postgres://user:password@host:port/database?option=value`` address.

    :raises SettingInvalid: another scheme, or no database named.
    """
    raw = text(name, default)
    parts = urlsplit(raw)
    if parts.scheme not in ("postgres", "postgresql") or not parts.path.strip("/"):
        raise SettingInvalid(name, "must read postgres://user:password@host:port/database.")
    try:
        port = parts.port or 5432
    except ValueError as fault:
        raise SettingInvalid(name, "has a port that is not a number.") from fault
    return DatabaseAddress(
        name=unquote(parts.path.strip("/")),
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        host=unquote(parts.hostname or "127.0.0.1"),
        port=port,
        options=dict(parse_qsl(parts.query)),
    )


def secret(name: str) -> str:
    """Read a secret of at least 256 bits that nobody could guess.

    :raises SettingInvalid: missing, short, a known example, a pattern, or words.
    """
    value = text(name)
    fault = weakness_of(value)
    if fault:
        raise SettingInvalid(name, f"{fault}; it must be at least {SECRET_BYTES_MIN} random bytes.")
    return value


def weakness_of(value: str) -> str:
    """Say why a secret can be guessed, or nothing; one random text in a hundred thousand is wronged.

    Chance gives neither words of six letters, nor the same three characters again and again, nor neighbours in order.
    """
    if len(value.encode()) < SECRET_BYTES_MIN:
        return "is too short"
    folded = value.casefold()
    if any(word in folded for word in SECRET_WORDS):
        return "contains a word that examples have"
    if re.fullmatch(r"[^\d]*", folded) and value in (folded, value.upper()):
        return "is made of words"
    if re.fullmatch(r"\d+", value):
        return "is made of digits"
    triples = [folded[i : i + 3] for i in range(len(folded) - 2)]
    if len(set(value)) < SECRET_CHARACTERS_MIN or len(set(triples)) < len(triples) * DIFFERENT_TRIPLES_MIN:
        return "repeats itself"
    steps = [ord(after) - ord(before) for before, after in pairwise(folded)]
    if max(steps.count(step) for step in (-1, 0, 1)) > len(steps) * NEIGHBOURS_MAX:
        return "is a sequence"
    return ""


def folder(name: str, default: Path) -> Path:
    """Read the path of a folder."""
    return Path(os.environ.get(name, str(default)))
