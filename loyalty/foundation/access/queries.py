"""Reads of access."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import DEFAULT_DB_ALIAS

from loyalty.foundation.access import policy
from loyalty.foundation.access.contracts import EffectivePermission, HeldPattern, PermissionView, Reason, UserView
from loyalty.foundation.access.errors import TokenExpired, TokenInvalid
from loyalty.foundation.access.models import ApiToken, RolePermission, User
from loyalty.foundation.kernel.grants import GrantPart, Scope
from loyalty.foundation.orm import sql

EVERYWHERE = GrantPart(Scope.ALL)

# The hashes of secrets stay where they are; Django fetches them if anyone ever asks.
TOKEN_FIELDS = tuple(field.attname for field in ApiToken._meta.concrete_fields if field.attname != "digest")
USER_FIELDS = tuple(field.attname for field in User._meta.concrete_fields if field.attname != "password")
# Asked by every request with a token, and never remembered, so that what is revoked or taken away counts at once. The
# patterns of the user's roles come along, because every request asks for them next: a pattern without bounds as it is,
# else with scope, limit and refs behind tabs, which costs the common case nothing.
TOKEN = f"""
    SELECT {", ".join(f"t.{name} AS token_{name}" for name in TOKEN_FIELDS)},
        {", ".join(f"u.{name} AS user_{name}" for name in USER_FIELDS)},
        ARRAY(SELECT CASE WHEN p.scope = 'all' AND p.points_max IS NULL THEN p.pattern::text
                ELSE concat(p.pattern, E'\\t', p.scope, E'\\t', p.points_max, E'\\t',
                    array_to_string(r.scope_refs, E'\\n')) END
            FROM access_rolepermission p JOIN access_userrole r ON r.role_id = p.role_id
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


def list_effective(user: User) -> list[EffectivePermission]:
    """Give every permission of the catalogue as a user holds it, or not, with each pattern that has a say and why."""
    rows = list(
        RolePermission.objects.filter(role__held__user=user)
        .order_by("role__code", "pattern", "scope")
        .values_list("role__code", "pattern", "scope", "points_max", "role__held__scope_refs")
    )
    return [_effective(view, user, rows) for view in policy.catalogue()]


def _effective(view: PermissionView, user: User, rows: Sequence[Sequence[Any]]) -> EffectivePermission:
    grant = user.grant_for(view.code)
    reasons = tuple(
        Reason(
            role=role,
            pattern=pattern,
            scope=Scope(scope),
            scope_refs=tuple(refs),
            points_max=points_max,
            is_in_force=user.is_active and (bool(refs) or scope in (Scope.ALL, Scope.OWN)),
        )
        for role, pattern, scope, points_max, refs in rows
        if policy.matches(view.code, pattern)
    )
    return EffectivePermission(
        code=view.code,
        domain=view.domain,
        verb=view.verb,
        description=view.description,
        is_granted=grant is not None,
        is_everywhere=grant is not None and grant.is_everywhere,
        program_refs=tuple(sorted(grant.program_refs)) if grant else (),
        partner_refs=tuple(sorted(grant.partner_refs)) if grant else (),
        is_own=grant is not None and grant.is_own,
        points_max=grant.points_max if grant else 0,
        reasons=reasons,
    )


def get_token(secret: str, now: datetime, address: str = "") -> ApiToken:
    """Find the token of a secret, as it is used from an address.

    :raises TokenInvalid: unknown, revoked, its user is switched off, or it is not accepted from there.
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
    if token.networks and not policy.is_within_networks(address, token.networks):
        # The same answer as for an unknown one: a thief learns nothing of a key that would be good elsewhere.
        raise TokenInvalid()
    return token


def _token_of(row: dict[str, Any]) -> ApiToken:
    user = User.from_db(DEFAULT_DB_ALIAS, USER_FIELDS, [row[f"user_{name}"] for name in USER_FIELDS])
    user.__dict__["held_patterns"] = tuple(_held(text) for text in row["patterns"])
    token = ApiToken.from_db(DEFAULT_DB_ALIAS, TOKEN_FIELDS, [row[f"token_{name}"] for name in TOKEN_FIELDS])
    token.user = user
    return token


def _held(text: str) -> HeldPattern:
    pattern, _, bounds = text.partition("\t")
    if not bounds:
        return HeldPattern(pattern, EVERYWHERE)
    scope, limit, refs = bounds.split("\t")
    return HeldPattern.of(pattern, scope, int(limit) if limit else None, refs.split("\n") if refs else ())
