"""Changes of rights with their audit row, made at once or, where a workflow has them wait, asked for.

What a role gives and what a user is given wait. What is taken from a user counts at once: whoever must lose their
rights must lose them now.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from loyalty.foundation.access import registry
from loyalty.foundation.access.contracts import PatternGiven, UserKind
from loyalty.foundation.access.errors import UserNotFound
from loyalty.foundation.access.models import Role, RolePermission, User
from loyalty.foundation.access.operations import users as of_users
from loyalty.foundation.access.operations.rights import (
    MANAGE_USERS,
    VERBS,
    Payload,
    State,
    pattern_stored,
)
from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel import approving
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.editing import VersionCheck, any_version

KIND = "access.change_role"


class _Undone(Exception):
    """Ends a savepoint so that nothing of it stays; carries what the subject would have become."""

    def __init__(self, after: State) -> None:
        super().__init__()
        self.after = after


def create_role(
    *, code: str, name: str, description: str, patterns: Sequence[PatternGiven], granter: User, actor: Actor,
    now: datetime,
) -> str:  # fmt: skip
    """Create a role or ask for it; give its public id.

    :raises PermissionUnknown, GrantBeyondOwn, RoleCodeTaken: as ``roles.create_role``.
    :raises WaitsForApproval: a workflow has it wait.
    """
    stored = [pattern_stored(one) for one in patterns]
    payload = {"role": code, "name": name, "description": description, "patterns": stored}
    return _change("create_role", payload, granter, actor, now)


def change_role(
    *, role: Role, granter: User, actor: Actor, now: datetime, name: str | None = None, description: str | None = None,
    patterns: Sequence[PatternGiven] | None = None, check_version: VersionCheck = any_version,
) -> str:  # fmt: skip
    """Change what is given of a role or ask for it; give its public id.

    :param check_version: may refuse the version that stands.
    :raises RoleIsShipped, PermissionUnknown, GrantBeyondOwn: as ``roles.change_role``.
    :raises WaitsForApproval: a workflow has it wait.
    """
    stored = None if patterns is None else [pattern_stored(one) for one in patterns]
    payload = {"role": role.code, "name": name, "description": description, "patterns": stored}
    with transaction.atomic():
        for version in Role.objects.select_for_update().filter(pk=role.pk).values_list("version", flat=True):
            check_version(version)
        outcome = _make_or_ask("change_role", payload, granter, actor, now)
    return approving.settled(outcome)


def delete_role(*, role: Role, granter: User, actor: Actor, now: datetime) -> str:
    """Delete a role that nobody holds or ask for it.

    :raises RoleIsShipped, RoleInUse, GrantBeyondOwn: as ``roles.delete_role``.
    :raises WaitsForApproval: a workflow has it wait.
    """
    return _change("delete_role", {"role": role.code}, granter, actor, now)


def add_pattern(*, role: Role, given: PatternGiven, granter: User, actor: Actor, now: datetime) -> RolePermission:
    """Give a role one more pattern or ask for it.

    :raises RoleIsShipped, PermissionUnknown, GrantBeyondOwn: as ``roles.add_pattern``.
    :raises WaitsForApproval: a workflow has it wait.
    """
    _change("add_pattern", {"role": role.code, "pattern": pattern_stored(given)}, granter, actor, now)
    return RolePermission.objects.select_related("role").get(role=role, pattern=given.pattern, scope=given.scope.value)


def remove_pattern(*, granted: RolePermission, granter: User, actor: Actor, now: datetime) -> str:
    """Take a pattern from a role or ask for it.

    :raises RoleIsShipped, GrantBeyondOwn, LastAdministrator: as ``roles.remove_pattern``.
    :raises WaitsForApproval: a workflow has it wait.
    """
    stored = {"permission": granted.pattern, "scope": granted.scope, "points_max": granted.points_max}
    return _change("remove_pattern", {"role": granted.role.code, "pattern": stored}, granter, actor, now)


def assign_role(
    *, user: User, role: Role, scope_refs: Sequence[str], granter: User, actor: Actor, now: datetime
) -> str:
    """Have a user hold a role, for these programs and partners, or ask for it; give the user's public id.

    :raises GrantBeyondOwn: as ``roles.assign_role``.
    :raises WaitsForApproval: a workflow has it wait.
    """
    payload = {
        "user": str(user.public_id), "username": user.username, "role": role.code, "scope_refs": list(scope_refs),
    }  # fmt: skip
    return _change("assign_role", payload, granter, actor, now)


def change_user(*, user: User, changes: Mapping[str, Any], granter: User, actor: Actor, now: datetime) -> str:
    """Change a user; where that gives rights, all of it may wait. Gives the user's public id.

    :param changes: of ``email``, ``is_active``, ``person_ref``, ``roles`` and ``scope_refs`` those to change.
    :raises RoleUnknown, GrantBeyondOwn, LastAdministrator: as ``users.change_user``.
    :raises WaitsForApproval: a workflow has it wait.
    """
    return _change("change_user", _of_user(user, changes), granter, actor, now)


def create_user(
    *, granter: User, actor: Actor, now: datetime, username: str, password: str, email: str, kind: UserKind,
    roles: Sequence[str], scope_refs: Mapping[str, Sequence[str]], must_change_password: bool = True,
) -> uuid.UUID:  # fmt: skip
    """Create a user with roles; give the public id.

    A password is no matter for a request that others read: where roles wait, the user is made at once and without any,
    and the roles are asked for. Who made a person knows the password; so it is changed at the first sign-in, unless
    ``must_change_password`` is False.

    :raises UserNameTaken, PasswordTooWeak, RoleUnknown, GrantBeyondOwn: as ``users.create_user``.
    :raises WaitsForApproval: the user was made, the roles wait.
    """
    is_asked = bool(roles) and approving.is_demanded(KIND)
    with transaction.atomic():
        view = of_users.create_user(
            username=username, password=password, email=email, kind=kind, granter=granter,
            roles=() if is_asked else roles, scope_refs={} if is_asked else scope_refs,
        )  # fmt: skip
        if kind is UserKind.PERSON and must_change_password:
            registry.demand_change(User.objects.get(public_id=view.id), now)
        after = {"username": view.username, "roles": list(view.roles), "kind": kind.value}
        audit.record(
            actor=actor, act=MANAGE_USERS, subject_kind="user", subject_ref=str(view.id), at=now, after=after
        )  # fmt: skip
        outcome: str | approving.Waiting = ""
        if is_asked:
            user = User.objects.get(public_id=view.id)
            wanted = {"roles": list(roles), "scope_refs": {code: list(refs) for code, refs in scope_refs.items()}}
            outcome = _make_or_ask("change_user", _of_user(user, wanted), granter, actor, now)
    approving.settled(outcome)
    return view.id


def _of_user(user: User, changes: Mapping[str, Any]) -> dict[str, Any]:
    return {"user": str(user.public_id), "username": user.username, "changes": dict(changes)}


def _change(verb: str, payload: Payload, granter: User, actor: Actor, now: datetime) -> str:
    with transaction.atomic():
        outcome = _make_or_ask(verb, payload, granter, actor, now)
    return approving.settled(outcome)


def _make_or_ask(verb: str, payload: Payload, granter: User, actor: Actor, now: datetime) -> str | approving.Waiting:
    way = VERBS[verb]
    before = way.look(payload)
    waiting = None
    if approving.is_demanded(KIND):
        given = way.given(payload)
        if given or way.subject_kind == "role":
            kept = {"verb": verb, **payload, "seen": before, "given": given}
            waiting = approving.submit(_proposal(kept, before, _tried(kept, granter), actor, now))
    return waiting or _made(verb, payload, before, granter, actor, now)


def _tried(payload: Payload, granter: User) -> State:
    """Make the change and undo it: what would be refused is refused before others have looked at it."""
    way = VERBS[payload["verb"]]
    try:
        with transaction.atomic():
            way.make(payload, granter)
            raise _Undone(way.look(payload))
    except _Undone as undone:
        return undone.after


def _proposal(payload: Payload, before: State, after: State, actor: Actor, now: datetime) -> approving.Proposal:
    is_mapping = payload["verb"] == "assign_role"
    ref = payload.get("user") or payload["role"]
    return approving.Proposal(
        kind=KIND, subject_kind=VERBS[payload["verb"]].subject_kind,
        # Roles that one user is given one by one may wait side by side.
        subject_ref=f"{ref}/{payload['role']}" if is_mapping else ref,
        payload=payload, before=before or {}, after={**(after or {}), **_roles_given(payload)}, actor=actor, now=now,
        beneficiary_ref=payload.get("user", ""),
    )  # fmt: skip


def _roles_given(payload: Payload) -> dict[str, Any]:
    """Tell a checker what the roles hold that somebody is to be given."""
    return {"gives": payload["given"]} if payload["given"] else {}


def _made(verb: str, payload: Payload, before: State, granter: User, actor: Actor, now: datetime) -> str:
    way = VERBS[verb]
    ref = way.make(payload, granter)
    audit.record(
        actor=actor, act=way.permission, subject_kind=way.subject_kind, subject_ref=ref, at=now, before=before,
        after=way.look(payload),
    )  # fmt: skip
    return ref


# -- What approvals calls --------------------------------------------------------------------------------------------


def apply_approved(payload: Payload, *, actor: Actor, now: datetime) -> Mapping[str, Any]:
    """Make a change of rights that was approved, as whoever asked: within what they hold now.

    :raises UserNotFound: whoever asked is gone.
    """
    granter = User.objects.filter(public_id=uuid.UUID(actor.person)).first()
    if granter is None:
        raise UserNotFound()
    way = VERBS[payload["verb"]]
    return {way.subject_kind: _made(payload["verb"], payload, way.look(payload), granter, actor, now)}


def is_still_valid(payload: Payload, *, now: datetime) -> bool:
    """Hold the role or user, and the roles to be given, and tell whether all is as it was read."""
    way = VERBS[payload["verb"]]
    seen: Any = way.look(payload)
    if payload["verb"] == "assign_role":
        # Another role that the user was given meanwhile makes no difference to this one.
        seen, asked = _held(seen, payload), _held(payload["seen"], payload)
        return bool(seen == asked and way.given(payload) == payload["given"])
    return bool(seen == payload["seen"] and way.given(payload) == payload["given"])


def _held(state: State, payload: Payload) -> Any:
    return state is not None and (state["is_active"], state["roles"].get(payload["role"]))


def permission_of(payload: Payload) -> str:
    """Give what whoever asks must hold, at the moment of the change too."""
    return VERBS[payload["verb"]].permission
