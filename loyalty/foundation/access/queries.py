"""Reads of access."""

import hashlib
import uuid
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.db import DEFAULT_DB_ALIAS

from loyalty.foundation.access import policy
from loyalty.foundation.access.contracts import (
    EffectivePermission,
    HeldPattern,
    PermissionView,
    PersonView,
    Reason,
    UserKind,
    UserView,
)
from loyalty.foundation.access.errors import TokenExpired, TokenInvalid
from loyalty.foundation.access.models import ApiToken, Role, RolePermission, User
from loyalty.foundation.kernel.actor import Actor
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


def find_person_behind(actor: Actor) -> PersonView | None:
    """Give the account that answers for an act: the user's own or that of the token; None for the platform itself."""
    if actor.kind == "system":
        return None
    ref = actor.person
    if actor.kind != "user" and not actor.person_ref:
        token = ApiToken.objects.filter(public_id=_uuid(actor.ref)).select_related("user").first()
        ref = str(token.user.public_id) if token else ""
    user = User.objects.prefetch_related("roles__grants").filter(public_id=_uuid(ref)).first()
    return _person(user) if user else None


def list_people(refs: Collection[str] | None = None) -> list[PersonView]:
    """Give the active accounts of people, all or those of these public ids, in order of their names."""
    users = User.objects.prefetch_related("roles__grants").filter(is_active=True, kind=UserKind.PERSON.value)
    if refs is not None:
        users = users.filter(public_id__in=[_uuid(one) for one in refs])
    return [_person(user) for user in users.order_by("username")]


def find_role_codes() -> frozenset[str]:
    """Give the codes of all roles."""
    return frozenset(Role.objects.values_list("code", flat=True))


def may(person: PersonView, code: str) -> bool:
    """Tell whether an active account holds a permission, be it within bounds."""
    return person.is_active and any(policy.matches(code, pattern) for pattern in person.patterns)


def may_as(actor: Actor, code: str) -> bool:
    """Tell whether who acts holds a permission: the account behind them, within the scopes of the token they use."""
    person = find_person_behind(actor)
    if person is None or not may(person, code):
        return False
    token = None if actor.kind == "user" else ApiToken.objects.filter(public_id=_uuid(actor.ref)).first()
    return token is None or token.has_permission(code)


def actor_refs_of(user_ref: str) -> list[str]:
    """Give the names under which an account acts: its own and those of its tokens."""
    tokens = ApiToken.objects.filter(user__public_id=_uuid(user_ref)).values_list("public_id", flat=True)
    return [user_ref, *(str(one) for one in tokens)]


def _person(user: User) -> PersonView:
    roles = list(user.roles.all())
    return PersonView(
        id=user.public_id,
        username=user.username,
        email=user.email,
        person_ref=user.person_ref,
        is_active=user.is_active,
        is_person=user.kind == UserKind.PERSON.value,
        roles=tuple(sorted(role.code for role in roles)),
        patterns=frozenset(grant.pattern for role in roles for grant in role.grants.all()),
    )


def _uuid(text: str) -> uuid.UUID:
    """Read a public id; what is none is nobody's."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return uuid.UUID(int=0)
