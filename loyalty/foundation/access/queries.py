"""Reads of access."""

import hashlib
from datetime import datetime

from loyalty.foundation.access import policy
from loyalty.foundation.access.contracts import UserView
from loyalty.foundation.access.errors import TokenExpired, TokenInvalid
from loyalty.foundation.access.models import ApiToken, User


def view_of(user: User) -> UserView:
    """Give a user as others may see it."""
    return UserView(
        id=user.public_id,
        username=user.username,
        email=user.email,
        is_active=user.is_active,
        roles=tuple(user.roles.order_by("code").values_list("code", flat=True)),
        permissions=policy.expand(user.patterns),
    )


def get_token(secret: str, now: datetime) -> ApiToken:
    """Find the token of a secret.

    :raises TokenInvalid: unknown, revoked, or its user is switched off.
    :raises TokenExpired: good once, no longer.
    """
    digest = hashlib.sha256(secret.encode()).digest()
    token = ApiToken.objects.select_related("user").filter(digest=digest).first()
    if token is None or token.revoked_at is not None or not token.user.is_active:
        raise TokenInvalid()
    if token.expires_at is not None and token.expires_at <= now:
        raise TokenExpired()
    return token
