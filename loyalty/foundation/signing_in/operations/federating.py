"""Coming in by an identity provider: a flow that began in this browser, a verified identity, a user it maps to."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction

from loyalty.foundation.access import api as access
from loyalty.foundation.configuration import api as configuration
from loyalty.foundation.orm import sql
from loyalty.foundation.signing_in import policy
from loyalty.foundation.signing_in.contracts import Entry, Visitor
from loyalty.foundation.signing_in.errors import (
    CredentialsInvalid,
    IdentityUnknown,
    ProviderAnswerInvalid,
    ProviderOff,
)
from loyalty.foundation.signing_in.kinds import oidc
from loyalty.foundation.signing_in.kinds.oidc_section import CODE, provider_of
from loyalty.foundation.signing_in.models import ProviderFlow, ProviderIdentity, Session
from loyalty.foundation.signing_in.operations import counting
from loyalty.foundation.signing_in.operations.notes import DOOR, note, note_stranger
from loyalty.foundation.signing_in.operations.passwords import slowed
from loyalty.foundation.web.addresses import network_of
from loyalty.foundation.web.limits import Want

FLOW_LIFETIME = timedelta(minutes=10)
CALLBACK = "/api/auth/session/oidc/callback/"
NAME_LENGTH_MAX = 100


@dataclass(frozen=True, slots=True)
class Departure:
    """A browser on its way to the provider: where to, and the secret by which it is known when it comes back."""

    url: str
    browser: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """A browser that came back and may come in."""

    entry: Entry
    next_path: str
    id_token: str


def redirect_uri() -> str:
    """Where the provider sends browsers back to; it must be registered there."""
    return f"{settings.PUBLIC_URL}{CALLBACK}"


def section() -> configuration.Section:
    """Give how the provider is set up.

    :raises ProviderOff: none is.
    """
    found = configuration.read(CODE)
    if not found["issuer"]:
        raise ProviderOff()
    return found


def depart(*, next_path: str, visitor: Visitor, now: datetime) -> Departure:
    """Begin a sign-in at the provider.

    :raises ProviderOff: none is set up.
    :raises SignInSlowed: too many were begun from this address.
    :raises ProviderUnavailable: it does not answer.
    """
    provider = provider_of(section())
    refused = counting.reserve([Want(limit, network_of(visitor.address)) for limit in policy.FLOW], now=now)
    if refused is not None:
        raise slowed(refused)
    state, nonce, verifier, browser = (secrets.token_urlsafe(size) for size in (32, 32, 48, 32))
    url = oidc.authorization_url(provider, redirect_uri=redirect_uri(), state=state, nonce=nonce, verifier=verifier)
    ProviderFlow.objects.create(
        state_digest=_digest(state),
        browser_digest=_digest(browser),
        nonce=nonce,
        verifier=verifier,
        next_path=policy.safe_path(next_path),
        expires_at=now + FLOW_LIFETIME,
    )
    return Departure(url, browser)


def arrive(*, state: str, code: str, issuer: str, browser: str, visitor: Visitor, now: datetime) -> Arrival:
    """Take a browser in that came back from the provider; the flow is used up, whatever comes of it.

    :raises ProviderOff: none is set up any more.
    :raises ProviderAnswerInvalid: no such flow, of another browser, too old, used, or the answer cannot be trusted.
    :raises IdentityUnknown: the person has no user here and none is made.
    :raises CredentialsInvalid: the user is switched off.
    """
    values = section()
    provider = provider_of(values)
    flow = _take_flow(state, browser, now)
    oidc.check_issuer(provider, issuer)
    if not code:
        raise ProviderAnswerInvalid("The provider refused the sign-in.")
    claims, id_token = oidc.exchange(
        provider, code=code, redirect_uri=redirect_uri(), verifier=flow.verifier, nonce=flow.nonce, now=now
    )
    user = _user_for(claims, provider.issuer, values, visitor, now)
    # Whether a second factor was asked for is the provider's word (RFC 8176).
    has_second_factor = bool({"mfa", "otp", "hwk", "swk"} & {str(name) for name in claims.get("amr") or ()})
    entry = Entry(user.pk, "oidc", has_second_factor=has_second_factor, limited_by="")
    return Arrival(entry, flow.next_path, id_token)


def end_session_url(session: Session) -> str:
    """Give where the browser signs out of the provider too; empty for a session that did not come from there."""
    if session.kind != "oidc":
        return ""
    try:
        provider = provider_of(section())
    except ProviderOff:
        return ""
    return oidc.end_session_url(provider, hint=session.provider_hint, back_to=f"{settings.PUBLIC_URL}/sign-in")


def note_refused_arrival(reason: str, *, visitor: Visitor, now: datetime) -> None:
    """Record that a browser came back from the provider and was not let in."""
    note_stranger("refuse", name_hash="", at=now, visitor=visitor, reason=reason)


def _take_flow(state: str, browser: str, now: datetime) -> ProviderFlow:
    with transaction.atomic():
        flow = ProviderFlow.objects.select_for_update().filter(state_digest=_digest(state)).first()
        if flow is None:
            raise ProviderAnswerInvalid("This sign-in did not begin here, or was finished already.")
        # Django takes the key of a deleted row away, not what it holds.
        flow.delete()
    if flow.expires_at <= now:
        raise ProviderAnswerInvalid("This sign-in took too long; begin it again.")
    if not hmac.compare_digest(bytes(flow.browser_digest), _digest(browser)):
        raise ProviderAnswerInvalid("This sign-in began in another browser.")
    return flow


@transaction.atomic
def _user_for(
    claims: Mapping[str, Any], issuer: str, values: Mapping[str, Any], visitor: Visitor, now: datetime
) -> Any:
    """Find or make the user of an identity, and set the roles that its groups give."""
    subject = str(claims["sub"])
    mapping = dict(values["roles"])
    roles = policy.roles_of_claims(claims.get(str(values["role_claim"])), mapping)
    # Two windows of one person who was never here: the second one finds the user that the first one makes.
    sql.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"oidc {issuer} {subject}"])
    identity = ProviderIdentity.objects.select_for_update().filter(issuer=issuer, subject=subject).first()
    if identity is None:
        user = _new_user(claims, values, roles, visitor, now)
        ProviderIdentity.objects.create(user=user, issuer=issuer, subject=subject, signed_in_at=now)
        return user
    user = get_user_model().objects.get(pk=identity.user_id)
    if not user.is_active:
        raise CredentialsInvalid()
    if mapping and set(access.view_of(user).roles) != set(roles):
        access.set_roles(user=user, roles=roles)
        note("map_roles", user=user, actor=DOOR, at=now, visitor=visitor, roles=list(roles))
    ProviderIdentity.objects.filter(pk=identity.pk).update(signed_in_at=now)
    return user


def _new_user(
    claims: Mapping[str, Any], values: Mapping[str, Any], roles: tuple[str, ...], visitor: Visitor, now: datetime
) -> Any:
    if not values["creates_users"] or not roles:
        raise IdentityUnknown("Ask your administrator to give one of your groups a role.")
    told = str(claims.get(str(values["username_claim"])) or claims.get("email") or claims["sub"])
    name = re.sub(r"[^\w.@+-]", "_", told)[:NAME_LENGTH_MAX]
    if get_user_model().objects.filter(username=name).exists():
        # Whoever can choose a name at the provider must not become the user of that name here.
        raise IdentityUnknown("There is a user of this name already, who signs in with a password.")
    email = str(claims.get("email") or "") if claims.get("email_verified") is not False else ""
    user = get_user_model()(username=name, email=email[:254])
    user.set_unusable_password()
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError as fault:
        # Somebody else's first sign-in, or an administrator, took the name at this moment.
        raise IdentityUnknown("There is a user of this name already.") from fault
    access.set_roles(user=user, roles=roles)
    note("create_user", user=user, actor=DOOR, at=now, visitor=visitor, roles=list(roles), issuer=values["issuer"])
    return user


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
