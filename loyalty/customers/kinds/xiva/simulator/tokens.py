"""JSON Web Tokens of the simulated Xiva (HS256): issued, checked, expired."""

import base64
import hashlib
import hmac
import json
import secrets
import time


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class TokenMint:
    """Issues tokens and checks them; a token of an older generation counts as expired."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def issue(self, kind: str, seconds: int, generation: int) -> str:
        """Give a token of kind ``access`` or ``refresh`` that lives for some seconds."""
        body = {"kind": kind, "until": time.monotonic() + seconds, "generation": generation, "id": secrets.token_hex(8)}
        head = _encode(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
        text = f"{head}.{_encode(json.dumps(body).encode())}"
        return f"{text}.{_encode(hmac.new(self._key, text.encode(), hashlib.sha256).digest())}"

    def is_good(self, token: str, kind: str, generation: int) -> bool:
        """Tell whether a token is ours, of the kind, and alive; a refresh token outlives the generations."""
        text, _, signature = token.rpartition(".")
        wanted = _encode(hmac.new(self._key, text.encode("utf-8", "replace"), hashlib.sha256).digest())
        if not hmac.compare_digest(signature.encode("utf-8", "replace"), wanted.encode()):
            return False
        payload = text.partition(".")[2]
        body = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        is_current = kind == "refresh" or body["generation"] == generation
        return bool(body["kind"] == kind and body["until"] > time.monotonic() and is_current)
