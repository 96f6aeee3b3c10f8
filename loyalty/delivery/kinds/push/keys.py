"""Private keys and the short-lived tokens that are signed with them."""

import re
import threading
import time
from collections.abc import Callable

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

PEM = re.compile(r"-----BEGIN (?P<kind>[A-Z ]*PRIVATE KEY)-----(?P<body>.*?)-----END (?P=kind)-----", re.DOTALL)
LINE = 64


class KeyUnreadable(ValueError):
    """A text is no private key of the kind that is needed."""


def rsa_key(text: str) -> RSAKey:
    """Read an RSA key.

    :raises KeyUnreadable: it is none.
    """
    try:
        return RSAKey.import_key(_pem(text))
    except (JoseError, ValueError, TypeError) as fault:
        raise KeyUnreadable("This is no RSA private key in PEM.") from fault


def ec_key(text: str) -> ECKey:
    """Read a key on an elliptic curve.

    :raises KeyUnreadable: it is none.
    """
    try:
        return ECKey.import_key(_pem(text))
    except (JoseError, ValueError, TypeError) as fault:
        raise KeyUnreadable("This is no private key of an elliptic curve in PEM (a .p8 file).") from fault


def _pem(text: str) -> str:
    """Give a key in the lines that PEM asks for: a field of one line takes the ends of lines away."""
    found = PEM.search(text)
    if found is None:
        raise KeyUnreadable("This is no private key in PEM.")
    body = re.sub(r"\s+", "", found["body"])
    lines = [body[start : start + LINE] for start in range(0, len(body), LINE)]
    return "\n".join([f"-----BEGIN {found['kind']}-----", *lines, f"-----END {found['kind']}-----", ""])


class ShortLived:
    """A token that is made again before it ends, or when the other side says that it is no good; for many threads."""

    def __init__(self, make: Callable[[], tuple[str, float]]) -> None:
        self._make, self._lock = make, threading.Lock()
        self._token, self._ends_at = "", 0.0

    def get(self, refused: str = "") -> str:
        """Give the token, another one than ``refused``."""
        with self._lock:
            if self._token in ("", refused) or time.monotonic() >= self._ends_at:
                self._token, seconds = self._make()
                self._ends_at = time.monotonic() + seconds
            return self._token
