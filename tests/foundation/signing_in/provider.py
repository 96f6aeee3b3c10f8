"""A small OpenID Connect provider of our own that speaks real HTTP, honest unless a test tells it otherwise."""

import base64
import hashlib
import hmac
import json
import secrets
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

CLIENT_ID, CLIENT_SECRET = "khaywe loyalty", "a secret: with / signs"


@dataclass
class Person:
    """Who signs in at the provider."""

    subject: str = "u-4711"
    claims: dict[str, Any] = field(
        default_factory=lambda: {
            "preferred_username": "ben", "email": "ben@operator.example", "email_verified": True,
            "groups": ["crm-managers", "staff"],
        }
    )  # fmt: skip


@dataclass
class Grant:
    """A code that was given out."""

    redirect_uri: str
    nonce: str
    challenge: str
    scope: str


class OidcProvider:
    """The provider; ``change_claims`` and ``sign`` make it dishonest."""

    def __init__(self) -> None:
        self.person = Person()
        self.key = RSAKey.generate_key(2048, {"kid": "first", "use": "sig", "alg": "RS256"})
        self.published = [self.key]
        self.issuer = ""
        self.told_issuer = ""
        self.grants: dict[str, Grant] = {}
        self.asked: list[str] = []
        self.change_claims: Callable[[dict[str, Any]], None] = lambda claims: None
        self.sign: Callable[[dict[str, Any]], str] = self.sign_honestly
        self.metadata_extra: dict[str, Any] = {}
        self.answer_iss: str | None = None

    def sign_honestly(self, claims: dict[str, Any]) -> str:
        """Sign with the provider's present key."""
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key)

    def change_keys(self) -> None:
        """Sign with a new key from now on; the old one is published no longer."""
        self.key = RSAKey.generate_key(2048, {"kid": secrets.token_hex(4), "use": "sig", "alg": "RS256"})
        self.published = [self.key]

    def metadata(self) -> dict[str, Any]:
        """What the provider says of itself."""
        return {
            "issuer": self.told_issuer or self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "end_session_endpoint": f"{self.issuer}/logout",
            **self.metadata_extra,
        }

    def authorize(self, query: dict[str, str]) -> tuple[int, str]:
        """The person agrees: give the address to go back to."""
        if query.get("client_id") != CLIENT_ID or query.get("response_type") != "code":
            return 400, ""
        if query.get("code_challenge_method") != "S256" or "openid" not in query.get("scope", ""):
            return 400, ""
        code = secrets.token_urlsafe(16)
        self.grants[code] = Grant(query["redirect_uri"], query["nonce"], query["code_challenge"], query["scope"])
        back = {"code": code, "state": query["state"]}
        if self.answer_iss is not None:
            back["iss"] = self.answer_iss
        return 302, f"{query['redirect_uri']}?{urlencode(back)}"

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        """Exchange a code, once, for who holds the verifier and the client's secret."""
        wanted = f"{quote(CLIENT_ID, safe='')}:{quote(CLIENT_SECRET, safe='')}"
        if authorization != "Basic " + base64.b64encode(wanted.encode()).decode():
            return 401, {"error": "invalid_client"}
        grant = self.grants.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if grant is None or grant.redirect_uri != form.get("redirect_uri") or grant.challenge != challenge:
            return 400, {"error": "invalid_grant"}
        access_token, moment = secrets.token_urlsafe(16), int(time.time())
        half = hashlib.sha256(access_token.encode()).digest()[:16]
        claims: dict[str, Any] = {
            "iss": self.issuer, "sub": self.person.subject, "aud": CLIENT_ID, "iat": moment, "exp": moment + 300,
            "nonce": grant.nonce, "at_hash": base64.urlsafe_b64encode(half).rstrip(b"=").decode(), **self.person.claims,
        }  # fmt: skip
        self.change_claims(claims)
        answer = {"access_token": access_token, "token_type": "Bearer", "expires_in": 300}
        return 200, {**answer, "id_token": self.sign(claims)}

    def keys(self) -> dict[str, Any]:
        """The public keys."""
        return dict(KeySet([*self.published]).as_dict(private=False))


def unsigned(claims: dict[str, Any]) -> str:
    """An ID token with alg none."""
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
             for part in ({"alg": "none", "typ": "JWT"}, claims)]  # fmt: skip
    return ".".join(parts) + "."


def signed_with_secret(claims: dict[str, Any], secret: str) -> str:
    """An ID token with a shared secret, such as the client's own or a public key's text (libraries refuse that)."""
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
             for part in ({"alg": "HS256", "typ": "JWT"}, claims)]  # fmt: skip
    mark = hmac.digest(secret.encode(), ".".join(parts).encode(), "sha256")
    return ".".join([*parts, base64.urlsafe_b64encode(mark).rstrip(b"=").decode()])


@contextmanager
def serving(provider: OidcProvider) -> Iterator[OidcProvider]:
    """Serve the provider on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            provider.asked.append(parts.path)
            if parts.path == "/.well-known/openid-configuration":
                self.reply(200, provider.metadata())
            elif parts.path == "/keys":
                self.reply(200, provider.keys())
            elif parts.path == "/authorize":
                status, place = provider.authorize({name: values[0] for name, values in parse_qs(parts.query).items()})
                self.send_response(status)
                self.send_header("Location", place)
                self.end_headers()
            else:
                self.reply(404, {})

        def do_POST(self) -> None:
            provider.asked.append(self.path)
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self.reply(*provider.token(form, self.headers.get("Authorization", "")))

        def reply(self, status: int, body: dict[str, Any]) -> None:
            raw = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *arguments: Any) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def main() -> None:
    """Serve an honest provider for a browser's story, say where, and end with whoever began it."""
    with serving(OidcProvider()) as served:
        told = {"issuer": served.issuer, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        print(json.dumps(told), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
