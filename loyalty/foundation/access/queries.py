"""Reads of access."""

import hashlib
from datetime import datetime
from typing import Any

from django.db import DEFAULT_DB_ALIAS

from loyalty.foundation.access import policy
from loyalty.foundation.access.contracts import UserView
from loyalty.foundation.access.errors import TokenExpired, TokenInvalid
from loyalty.foundation.access.models import ApiToken, User
from loyalty.foundation.orm import sql

# The hashes of secrets stay where they are; Django fetches them if anyone ever asks.
TOKEN_FIELDS = tuple(field.attname for field in ApiToken._meta.concrete_fields if field.attname != "digest")
USER_FIELDS = tuple(field.attname for field in User._meta.concrete_fields if field.attname != "password")
# Asked by every request with a token, and never remembered, so that what is revoked or taken away counts at once. The
# patterns of the user's roles come along, because every request asks for them next.
TOKEN = f"""
    SELECT {", ".join(f"t.{name} AS token_{name}" for name in TOKEN_FIELDS)},
        {", ".join(f"u.{name} AS user_{name}" for name in USER_FIELDS)},
        ARRAY(SELECT p.pattern::text FROM access_rolepermission p JOIN access_userrole r ON r.role_id = p.role_id
            WHERE r.user_id = u.id) AS patterns
    FROM access_apitoken t JOIN access_user u ON u.id = t.user_id WHERE t.digest = %s::bytea
"""  # noqa: S608 - the names of our own columns


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
    rows = sql.fetch_prepared(TOKEN, [hashlib.sha256(secret.encode()).digest()])
    if not rows:
        raise TokenInvalid()
    token = _token_of(rows[0])
    if token.revoked_at is not None or not token.user.is_active:
        raise TokenInvalid()
    if token.expires_at is not None and token.expires_at <= now:
        raise TokenExpired()
    return token


def _token_of(row: dict[str, Any]) -> ApiToken:
    user = User.from_db(DEFAULT_DB_ALIAS, USER_FIELDS, [row[f"user_{name}"] for name in USER_FIELDS])
    user.__dict__["patterns"] = frozenset(row["patterns"])
    token = ApiToken.from_db(DEFAULT_DB_ALIAS, TOKEN_FIELDS, [row[f"token_{name}"] for name in TOKEN_FIELDS])
    token.user = user
    return token
