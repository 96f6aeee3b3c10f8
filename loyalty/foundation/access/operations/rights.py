"""The changes of rights as they can be kept while they wait: each by its name, with all that it takes as JSON."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from loyalty.foundation.access.contracts import PatternGiven
from loyalty.foundation.access.errors import RoleUnknown, UserNotFound
from loyalty.foundation.access.models import Role, RolePermission, User, UserRole
from loyalty.foundation.access.operations import roles as of_roles
from loyalty.foundation.access.operations import users as of_users
from loyalty.foundation.kernel.grants import Scope
from loyalty.foundation.kernel.phrases import Phrase, Value, Words

MANAGE_ROLES, MANAGE_USERS = "access.manage_roles", "access.manage_users"
Payload = Mapping[str, Any]
# What a role or a user is, in the words of the audit log; None where there is none.
State = dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Verb:
    """A change of rights.

    ``look`` holds the subject and gives what it is; ``make`` makes the change as the granter and gives the subject's
    public id; ``given`` holds the roles that a user would be given and tells what they hold at this moment.
    """

    permission: str
    subject_kind: str
    look: Callable[[Payload], State]
    make: Callable[[Payload, User], str]
    given: Callable[[Payload], dict[str, Any]] = lambda _: {}


def role_state(role: Role) -> dict[str, Any]:
    """Give what the audit log keeps of a role."""
    grants = role.grants.order_by("pattern", "scope")
    rows = [{"permission": one.pattern, "scope": one.scope, "points_max": one.points_max} for one in grants]
    return {"code": role.code, "name": role.name, "description": role.description, "permissions": rows}


def user_state(user: User) -> dict[str, Any]:
    """Give what the audit log keeps of a user."""
    held = user.held.select_related("role").order_by("role__code")
    return {
        "email": user.email,
        "is_active": user.is_active,
        "person_ref": user.person_ref,
        "roles": {one.role.code: list(one.scope_refs) for one in held},
    }


def pattern_stored(given: PatternGiven) -> dict[str, Any]:
    """Give a pattern as JSON."""
    return {"permission": given.pattern, "scope": given.scope.value, "points_max": given.points_max}


def _pattern(stored: Mapping[str, Any]) -> PatternGiven:
    return PatternGiven(stored["permission"], Scope(stored["scope"]), stored["points_max"])


def _role(payload: Payload) -> Role:
    """Hold the role that is meant.

    :raises RoleUnknown: there is none.
    """
    role = Role.objects.select_for_update().filter(code=payload["role"]).first()
    if role is None:
        raise RoleUnknown(f"There is no role {payload['role']!r}.")
    return role


def _user(payload: Payload) -> User:
    """Hold the user who is meant.

    :raises UserNotFound: there is none.
    """
    user = User.objects.select_for_update().filter(public_id=uuid.UUID(payload["user"])).first()
    if user is None:
        raise UserNotFound()
    return user


def _look_at_role(payload: Payload) -> State:
    role = Role.objects.select_for_update().filter(code=payload["role"]).first()
    return role_state(role) if role else None


def _look_at_user(payload: Payload) -> State:
    user = User.objects.select_for_update().filter(public_id=uuid.UUID(payload["user"])).first()
    return user_state(user) if user else None


def _create_role(payload: Payload, granter: User) -> str:
    patterns = [_pattern(one) for one in payload["patterns"]]
    words = {"name": payload["name"], "description": payload["description"]}
    return str(of_roles.create_role(code=payload["role"], patterns=patterns, granter=granter, **words).public_id)


def _change_role(payload: Payload, granter: User) -> str:
    role, patterns = _role(payload), payload["patterns"]
    of_roles.change_role(
        role=role, granter=granter, name=payload["name"], description=payload["description"],
        patterns=None if patterns is None else [_pattern(one) for one in patterns],
    )  # fmt: skip
    return str(role.public_id)


def _delete_role(payload: Payload, granter: User) -> str:
    role = _role(payload)
    of_roles.delete_role(role=role, granter=granter)
    return str(role.public_id)


def _add_pattern(payload: Payload, granter: User) -> str:
    role = _role(payload)
    of_roles.add_pattern(role=role, given=_pattern(payload["pattern"]), granter=granter)
    return str(role.public_id)


def _remove_pattern(payload: Payload, granter: User) -> str:
    role, pattern = _role(payload), _pattern(payload["pattern"])
    granted = RolePermission.objects.select_related("role").get(
        role=role, pattern=pattern.pattern, scope=pattern.scope.value
    )
    of_roles.remove_pattern(granted=granted, granter=granter)
    return str(role.public_id)


def _assign_role(payload: Payload, granter: User) -> str:
    user, role = _user(payload), _role(payload)
    of_roles.assign_role(user=user, role=role, scope_refs=payload["scope_refs"], granter=granter)
    return str(user.public_id)


def _change_user(payload: Payload, granter: User) -> str:
    user = _user(payload)
    of_users.change_user(user=user, granter=granter, **payload["changes"])
    return str(user.public_id)


def _given_by_mapping(payload: Payload) -> dict[str, Any]:
    return _with_what_they_hold([payload["role"]])


def _given_by_user(payload: Payload) -> dict[str, Any]:
    """Give the roles that the user would hold and does not, or for other programs and partners."""
    changes = payload["changes"]
    refs: Mapping[str, list[str]] = changes.get("scope_refs") or {}
    held = {
        one.role.code: set(one.scope_refs)
        for one in UserRole.objects.filter(user__public_id=uuid.UUID(payload["user"])).select_related("role")
    }
    wanted = changes["roles"] if changes.get("roles") is not None else [code for code in refs if code in held]
    return _with_what_they_hold(
        [code for code in wanted if code not in held or not set(refs.get(code, ())) <= held[code]]
    )


def _with_what_they_hold(codes: list[str]) -> dict[str, Any]:
    # In order, so that two who hold several do not wait for each other.
    rows = Role.objects.select_for_update().filter(code__in=codes).order_by("pk")
    return {role.code: role_state(role)["permissions"] for role in rows}


def _grant(pattern: Mapping[str, Any]) -> Phrase:
    """Say what a pattern grants, where, and up to how much."""
    scope, most = pattern["scope"], pattern["points_max"]
    return Phrase(
        "grant",
        {
            "permission": pattern["permission"],
            "where": "" if scope == Scope.ALL.value else Phrase(f"in_{scope}"),
            "limit": "" if most is None else Phrase("limit", {"points": most}),
        },
    )


def _roles_said(payload: Payload) -> Phrase | list[str]:
    roles: list[str] | None = payload["changes"].get("roles")
    return Phrase("other_places") if roles is None else roles or Phrase("no_roles")


def describe(payload: Payload) -> Phrase:
    """Say what is asked for; the code is the verb's."""
    values: dict[str, Value] = {name: payload[name] for name in ("role", "username") if name in payload}
    if "pattern" in payload:
        values["grant"] = _grant(payload["pattern"])
    if "changes" in payload:
        values["roles"] = _roles_said(payload)
    return Phrase(payload["verb"], values)


def _of_role(make: Callable[[Payload, User], str]) -> Verb:
    return Verb(MANAGE_ROLES, "role", _look_at_role, make)


VERBS: Mapping[str, Verb] = {
    "create_role": _of_role(_create_role),
    "change_role": _of_role(_change_role),
    "delete_role": _of_role(_delete_role),
    "add_pattern": _of_role(_add_pattern),
    "remove_pattern": _of_role(_remove_pattern),
    "assign_role": Verb(MANAGE_USERS, "user", _look_at_user, _assign_role, _given_by_mapping),
    "change_user": Verb(MANAGE_USERS, "user", _look_at_user, _change_user, _given_by_user),
}
WORDS: Words = {
    "en": {
        "create_role": "Make the role {role}",
        "change_role": "Change the role {role}",
        "delete_role": "Delete the role {role}",
        "add_pattern": "Give the role {role} {grant}",
        "remove_pattern": "Take {grant} from {role}",
        "assign_role": "Give {username} the role {role}",
        "change_user": "Have {username} hold these roles: {roles}",
        "grant": "{permission}{where}{limit}",
        "in_program": " (program)",
        "in_partner": " (partner)",
        "in_own": " (own)",
        "limit": " up to {points} points",
        "other_places": "other programs or partners",
        "no_roles": "none",
    },
    "ar": {
        "create_role": "إنشاء الدور {role}",
        "change_role": "تغيير الدور {role}",
        "delete_role": "حذف الدور {role}",
        "add_pattern": "منح الدور {role} الصلاحية {grant}",
        "remove_pattern": "سحب الصلاحية {grant} من الدور {role}",
        "assign_role": "منح {username} الدور {role}",
        "change_user": "أن يحمل {username} هذه الأدوار: {roles}",
        "grant": "{permission}{where}{limit}",
        "in_program": " (في برامجه)",
        "in_partner": " (لشركائه)",
        "in_own": " (ما يخصه فقط)",
        "limit": " حتى {points} من النقاط",
        "other_places": "برامج أو شركاء آخرون",
        "no_roles": "لا شيء",
    },
}
