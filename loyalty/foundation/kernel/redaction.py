"""Keeps secrets out of logs: what is known to be one, and what looks like one, is blotted out as a line is written."""

import logging
import re
import threading
from collections import OrderedDict

BLOT = "•••"
# Shorter ones would blot out ordinary words; a secret so short is none.
LENGTH_MIN = 6
REMEMBERED_MAX = 1_000

# A name that says "secret", and what it is set to; a bearer token; user and password in an address; a private key.
LOOKS_SECRET = re.compile(
    r"""(?P<name>["']?[\w.-]*(?:passw(?:or)?d|passwd|pwd|secret|token|api[_-]?key|authorization|credential)[\w.-]*["']?
        \s*[=:]\s*)(?P<value>(?:Bearer\s+|Basic\s+)?(?:"[^"\n]*"|'[^'\n]*'|[^\s,;&}\])]+))"""
    r"""|(?P<scheme>\bBearer\s+)(?P<bearer>[A-Za-z0-9._~+/=-]{8,})"""
    r"""|(?P<before>[a-z][a-z0-9+.-]*://[^\s:/@]*:)(?P<password>[^\s@]+)(?=@)"""
    r"""|(?P<pem>-----BEGIN\ [A-Z ]*PRIVATE\ KEY-----)[\s\S]*?(?:-----END\ [A-Z ]*PRIVATE\ KEY-----|\Z)""",
    re.IGNORECASE | re.VERBOSE,
)


class _Known:
    lock = threading.Lock()
    secrets: "OrderedDict[str, None]" = OrderedDict()
    pattern: re.Pattern[str] | None = None


def remember_secret(text: str) -> None:
    """Blot this text out of every line from now on; of more than a thousand the oldest are forgotten."""
    if len(text) < LENGTH_MIN:
        return
    with _Known.lock:
        if text in _Known.secrets:
            return
        _Known.secrets[text] = None
        while len(_Known.secrets) > REMEMBERED_MAX:
            _Known.secrets.popitem(last=False)
        # As a repr shows it, too; the longest first, so that one that begins another leaves no rest.
        forms = {form for one in _Known.secrets for form in (one, repr(one)[1:-1])}
        _Known.pattern = re.compile("|".join(re.escape(one) for one in sorted(forms, key=len, reverse=True)))


def redact(text: str) -> str:
    """Give a text without the secrets in it."""
    pattern = _Known.pattern
    if pattern is not None:
        text = pattern.sub(BLOT, text)
    return LOOKS_SECRET.sub(_blotted, text)


def _blotted(found: "re.Match[str]") -> str:
    if found["pem"]:
        return BLOT
    return f"{found['name'] or found['scheme'] or found['before']}{BLOT}"


class RedactingFormatter(logging.Formatter):
    """The formatter of every log: what the message, its arguments and its traceback hold is redacted as one text."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one record."""
        return redact(super().format(record))
