"""Settings from the environment, each checked when the process starts; a bad value stops it with one sentence."""

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

SECRET_BYTES_MIN = 32


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
    """Read a secret of at least 256 bits that is not a known example.

    :raises SettingInvalid: missing, short, or a single letter repeated.
    """
    value = text(name)
    if len(value.encode()) < SECRET_BYTES_MIN or len(set(value)) < 10:
        raise SettingInvalid(name, f"must be at least {SECRET_BYTES_MIN} random bytes.")
    return value


def folder(name: str, default: Path) -> Path:
    """Read the path of a folder."""
    return Path(os.environ.get(name, str(default)))
