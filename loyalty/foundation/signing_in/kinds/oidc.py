"""Talking to an OpenID Connect provider: authorization code with PKCE, and an ID token that is verified first.

All calls leave by the one way out. What the provider says of itself and its keys are kept for a while; a key that is
not among them is looked for once more, because providers change their keys.
"""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

import httpx
from authlib.common.errors import AuthlibBaseError  # type: ignore[import-untyped]
from authlib.oauth2.client import OAuth2Client  # type: ignore[import-untyped]
from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped]
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from loyalty.foundation.configuration.contracts import TestReport
from loyalty.foundation.kernel.errors import Unavailable
from loyalty.foundation.resilience import egress
from loyalty.foundation.signing_in.errors import ProviderAnswerInvalid

# Signatures that only the provider can make; "none" and those with a shared secret are not among them.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
# How far the clocks of two well-kept machines may be apart, in seconds.
LEEWAY_S = 30
# An ID token is made for this sign-in, so it is young.
AGE_MAX_S = 600
METADATA_KEPT_S, KEYS_KEPT_S = 3600.0, 600.0
# Keys are not looked for again more often, or forged key ids would make us a hammer.
KEYS_STEP_S = 5.0
ANSWER_BYTES_MAX = 1_000_000


class ProviderUnavailable(Unavailable):
    """The identity provider does not answer, or not in its own protocol."""

    code = "oidc.unavailable"
    title = "Identity provider not available"


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider as it is set up."""

    issuer: str
    client_id: str
    client_secret: str
    scopes: tuple[str, ...]


@dataclass(slots=True)
class _Known:
    metadata: Mapping[str, Any]
    read_at: float
    keys: KeySet | None = None
    keys_at: float = field(default=-KEYS_KEPT_S)


_known: dict[Provider, _Known] = {}
_lock = threading.Lock()


def forget() -> None:
    """Forget what providers said, for tests."""
    with _lock:
        _known.clear()


def metadata_of(provider: Provider) -> Mapping[str, Any]:
    """Give what the provider says of itself (OpenID Connect Discovery).

    :raises ProviderUnavailable: no answer, or it speaks of another issuer.
    """
    return _look_up(provider).metadata


def authorization_url(provider: Provider, *, redirect_uri: str, state: str, nonce: str, verifier: str) -> str:
    """Give where the browser goes to sign in.

    :raises ProviderUnavailable: the provider does not answer.
    """
    metadata = metadata_of(provider)
    client = OAuth2Client(
        None,
        client_id=provider.client_id,
        scope=" ".join(provider.scopes),
        redirect_uri=redirect_uri,
        code_challenge_method="S256",
    )
    url, _ = client.create_authorization_url(
        metadata["authorization_endpoint"], state=state, code_verifier=verifier, nonce=nonce
    )
    return str(url)


def check_issuer(provider: Provider, told: str) -> None:
    """Hold the issuer that an answer names against the one that was asked (RFC 9207), so that answers are not mixed up.

    :raises ProviderAnswerInvalid: another one, or none where the provider promises one.
    """
    promised = metadata_of(provider).get("authorization_response_iss_parameter_supported") is True
    if (told or promised) and told != provider.issuer:
        raise ProviderAnswerInvalid("The answer names another issuer.")


def exchange(
    provider: Provider, *, code: str, redirect_uri: str, verifier: str, nonce: str, now: datetime
) -> tuple[Mapping[str, Any], str]:
    """Exchange the code for an ID token, and give its claims, verified, and the token itself.

    :raises ProviderUnavailable: the provider does not answer.
    :raises ProviderAnswerInvalid: the code is not accepted, or the ID token cannot be trusted.
    """
    metadata = metadata_of(provider)
    with _calling() as session:
        client = OAuth2Client(session, client_id=provider.client_id, redirect_uri=redirect_uri)
        try:
            token = client.fetch_token(
                metadata["token_endpoint"],
                grant_type="authorization_code",
                code=code,
                code_verifier=verifier,
                **_credentials(provider, metadata),
            )
        except AuthlibBaseError as refusal:
            raise ProviderAnswerInvalid("The provider does not accept the code.") from refusal
        except (httpx.HTTPError, egress.EgressRefusal, ValueError) as fault:
            raise ProviderUnavailable() from fault
    raw = token.get("id_token")
    if not isinstance(raw, str):
        raise ProviderAnswerInvalid("The provider gave no ID token.")
    return verify(provider, raw, nonce=nonce, access_token=str(token.get("access_token", "")), now=now), raw


def verify(provider: Provider, raw: str, *, nonce: str, access_token: str, now: datetime) -> Mapping[str, Any]:
    """Give the claims of an ID token, once signature, issuer, audience, nonce and times are right.

    :raises ProviderAnswerInvalid: one of them is not.
    """
    try:
        try:
            token = jwt.decode(raw, _keys(provider, is_again=False), algorithms=ALGORITHMS)
        except (JoseError, ValueError):
            # The provider may have changed its keys since they were read.
            token = jwt.decode(raw, _keys(provider, is_again=True), algorithms=ALGORITHMS)
        options = {
            "iss": {"essential": True, "value": provider.issuer},
            "aud": {"essential": True, "value": provider.client_id},
            "sub": {"essential": True},
        }
        asked = {"nonce": nonce, "client_id": provider.client_id, "access_token": access_token}
        claims = CodeIDToken(token.claims, token.header, options, asked)
        moment = int(now.timestamp())
        claims.validate(now=moment, leeway=LEEWAY_S)
        if claims["iat"] < moment - AGE_MAX_S:
            raise ProviderAnswerInvalid("The ID token was made for an earlier sign-in.")
    except (JoseError, AuthlibBaseError, ValueError, TypeError, KeyError) as fault:
        raise ProviderAnswerInvalid("The ID token cannot be trusted.") from fault
    return dict(claims)


def end_session_url(provider: Provider, *, hint: str, back_to: str) -> str:
    """Give where the browser signs out of the provider (RP-Initiated Logout); empty where it has no such place."""
    try:
        place = metadata_of(provider).get("end_session_endpoint")
    except ProviderUnavailable:
        return ""
    if not isinstance(place, str):
        return ""
    told = {"id_token_hint": hint, "client_id": provider.client_id, "post_logout_redirect_uri": back_to}
    return f"{place}{'&' if '?' in place else '?'}{urlencode(told)}"


def try_out(provider: Provider) -> TestReport:
    """Read what the provider says of itself, and its keys."""
    tried = "Read the provider's own description and its keys."
    if not provider.issuer:
        return TestReport(False, "off", tried, "There is no issuer, so nobody can sign in by a provider.")
    try:
        known = _look_up(provider)
        keys = _keys(provider, is_again=True)
    except (ProviderUnavailable, ProviderAnswerInvalid) as refusal:
        return TestReport(False, "no_answer", tried, f"{refusal.detail}. Look at the issuer's address.")
    facts = {"keys": len(keys.keys), "signs_out": "end_session_endpoint" in known.metadata}
    return TestReport(True, "ok", tried, facts=facts)


def _credentials(provider: Provider, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """How the platform proves to the token endpoint who it is: by Basic, in the body, or by PKCE alone."""
    if not provider.client_secret:
        return {"auth": httpx.Auth(), "client_id": provider.client_id}
    methods = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    if "client_secret_basic" in methods:
        return {"auth": httpx.BasicAuth(quote(provider.client_id, safe=""), quote(provider.client_secret, safe=""))}
    return {"auth": httpx.Auth(), "client_id": provider.client_id, "client_secret": provider.client_secret}


def _calling() -> httpx.Client:
    return egress.client("oidc", total_s=10, bytes_max=ANSWER_BYTES_MAX, headers={"Accept": "application/json"})


def _get(url: str) -> Mapping[str, Any]:
    try:
        with _calling() as client:
            answer = client.get(url)
            answer.raise_for_status()
            told = answer.json()
    except (httpx.HTTPError, egress.EgressRefusal, ValueError) as fault:
        raise ProviderUnavailable() from fault
    if not isinstance(told, dict):
        raise ProviderUnavailable()
    return told


def _look_up(provider: Provider) -> _Known:
    with _lock:
        known = _known.get(provider)
    if known is not None and time.monotonic() - known.read_at < METADATA_KEPT_S:
        return known
    told = _get(f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration")
    if told.get("issuer") != provider.issuer:
        raise ProviderUnavailable("The provider speaks of another issuer")
    missing = [n for n in ("authorization_endpoint", "token_endpoint", "jwks_uri") if not isinstance(told.get(n), str)]
    if missing:
        raise ProviderUnavailable(f"The provider does not tell its {missing[0]}")
    known = _Known(told, time.monotonic())
    with _lock:
        _known[provider] = known
    return known


def _keys(provider: Provider, *, is_again: bool) -> KeySet:
    known = _look_up(provider)
    age = time.monotonic() - known.keys_at
    if known.keys is None or age >= KEYS_KEPT_S or (is_again and age >= KEYS_STEP_S):
        told = _get(known.metadata["jwks_uri"])
        try:
            known.keys = KeySet.import_key_set(told)  # type: ignore[arg-type]
        except (JoseError, ValueError, KeyError, TypeError) as fault:
            raise ProviderUnavailable("The provider's keys cannot be read") from fault
        known.keys_at = time.monotonic()
    return known.keys
