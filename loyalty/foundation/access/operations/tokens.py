"""Writes of tokens; only the hash of a secret is kept."""

import hashlib
import secrets
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from ipaddress import ip_network

from django.db import transaction

from loyalty.foundation.access import policy
from loyalty.foundation.access.contracts import IssuedToken
from loyalty.foundation.access.errors import (
    GrantBeyondOwn,
    NetworkInvalid,
    PermissionUnknown,
    TokenAlreadyRotated,
    TokenInvalid,
    UserNotFound,
)
from loyalty.foundation.access.models import ApiToken, User
from loyalty.foundation.access.operations.granting import check_not_above

TOKEN_PREFIX = "klt_"
# One use per minute is remembered; more would write a row on each request.
LAST_USED_STEP = timedelta(minutes=1)
# How long a token that was replaced stays good, so that everything that uses it can change over; a day is the most.
OVERLAP_DEFAULT = timedelta(hours=1)
OVERLAP_MAX = timedelta(hours=24)


def create_token(
    *,
    user_id: uuid.UUID,
    name: str,
    now: datetime,
    scopes: Sequence[str] = (),
    lifetime: timedelta | None = None,
    networks: Sequence[str] = (),
) -> IssuedToken:
    """Issue a token; only its hash is kept.

    :raises UserNotFound: no such user.
    """
    user = User.objects.filter(public_id=user_id).first()
    if user is None:
        raise UserNotFound()
    return _issued(user, name, list(scopes), list(networks), now + lifetime if lifetime else None)


@transaction.atomic
def issue_token(
    *,
    user: User,
    name: str,
    scopes: Sequence[str],
    networks: Sequence[str],
    expires_at: datetime | None,
    granter: User,
    narrowed_by: ApiToken | None = None,
) -> IssuedToken:
    """Issue a token for oneself, or for a user who may no more than oneself.

    ``narrowed_by`` is the token with which the granter asks: what it issues reaches no further than itself, in scopes
    and in networks.

    :raises PermissionUnknown: a scope covers no permission.
    :raises NetworkInvalid: a network is none.
    :raises GrantBeyondOwn: the user may more than the one who asks, or the scopes more than the token that asks.
    """
    check_not_above(granter, user)
    wanted = [_network(text) for text in networks]
    _check_reach(narrowed_by, scopes, wanted)
    unknown = next((scope for scope in scopes if not policy.is_known(scope)), None)
    if unknown is not None:
        raise PermissionUnknown(f"No permission fits {unknown!r}.")
    return _issued(user, name, list(scopes), wanted, expires_at)


@transaction.atomic
def rotate_token(
    *, token: ApiToken, overlap: timedelta, now: datetime, granter: User, narrowed_by: ApiToken | None = None
) -> IssuedToken:
    """Issue the token that takes another's place; the old one stays good for the overlap and ends by itself.

    Name, scopes, networks and the length of its life stay as they are. ``narrowed_by`` is the token with which the
    granter asks: the successor's secret reaches no further than it.

    :raises TokenAlreadyRotated: it has a successor already.
    :raises TokenInvalid: it is revoked or has ended.
    :raises GrantBeyondOwn: whose token it is may more than the one who asks, or it reaches further than the token that
        asks.
    """
    check_not_above(granter, token.user)
    _check_reach(narrowed_by, token.scopes, token.networks)
    old = ApiToken.objects.select_for_update(of=("self",)).select_related("user").get(pk=token.pk)
    if old.replaced_by_id is not None:
        raise TokenAlreadyRotated("Another token has taken the place of this one; rotate that one.")
    if old.revoked_at is not None or (old.expires_at is not None and old.expires_at <= now):
        raise TokenInvalid("A token that has ended has no successor.")
    life = old.expires_at - old.created_at if old.expires_at else None
    issued = _issued(old.user, old.name, old.scopes, old.networks, now + life if life else None)
    old.replaced_by = ApiToken.objects.get(public_id=issued.id)
    end = now + min(overlap, OVERLAP_MAX)
    old.expires_at = min(end, old.expires_at) if old.expires_at else end
    old.save(update_fields=["replaced_by", "expires_at"])
    return issued


def revoke_token(*, token: ApiToken, now: datetime) -> None:
    """End a token at once."""
    ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now)


def revoke_tokens(*, token_ids: Sequence[uuid.UUID], now: datetime) -> None:
    """End tokens at once, those of sessions that end."""
    ApiToken.objects.filter(public_id__in=token_ids, revoked_at=None).update(revoked_at=now)


def touch_token(*, token: ApiToken, now: datetime) -> None:
    """Remember that the token was used, at most once a minute."""
    if token.last_used_at is None or now - token.last_used_at >= LAST_USED_STEP:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)


def _check_reach(narrowed_by: ApiToken | None, scopes: Sequence[str], networks: Sequence[str]) -> None:
    """Refuse a token that would be good for more, or from more places, than the token that asks for it.

    :raises GrantBeyondOwn: it would.
    """
    if narrowed_by is None:
        return
    if narrowed_by.scopes and not set(policy.expand(scopes or ["*"])) <= set(policy.expand(narrowed_by.scopes)):
        raise GrantBeyondOwn("A token issues none that reaches further than itself; name its scopes.")
    if narrowed_by.networks and not policy.are_within_networks(networks, narrowed_by.networks):
        raise GrantBeyondOwn("A token issues none that is accepted from further away than itself; name its networks.")


def _issued(user: User, name: str, scopes: list[str], networks: list[str], expires_at: datetime | None) -> IssuedToken:
    # 32 random bytes: ASVS 11.5.1 asks for 128 bits at least.
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        user=user,
        name=name,
        prefix=secret[:10],
        digest=hashlib.sha256(secret.encode()).digest(),
        scopes=scopes,
        networks=networks,
        expires_at=expires_at,
    )
    return IssuedToken(id=token.public_id, secret=secret, expires_at=token.expires_at)


def _network(text: str) -> str:
    try:
        return str(ip_network(text.strip()))
    except ValueError as fault:
        raise NetworkInvalid(f"{text[:60]!r} is no address and no network such as 192.0.2.0/24.") from fault
