"""Who may give what to whom: nobody grants beyond what they hold, in permission, scope and limit."""

from collections.abc import Iterable, Mapping, Sequence

from django.db import transaction

from loyalty.foundation.access import policy
from loyalty.foundation.access.contracts import HeldPattern
from loyalty.foundation.access.errors import GrantBeyondOwn, LastAdministrator, RoleUnknown
from loyalty.foundation.access.models import Role, RolePermission, User, UserRole
from loyalty.foundation.kernel.grants import Scope
from loyalty.foundation.orm import sql

EVERYTHING = RolePermission.objects.filter(pattern="*", scope=Scope.ALL, points_max=None)


def check_within(granter: User | None, given: Iterable[HeldPattern], what: str) -> None:
    """Refuse to give what the granter does not hold; None is the platform itself.

    :raises GrantBeyondOwn: a pattern reaches further than all that the granter holds.
    """
    if granter is None:
        return
    held = granter.held_patterns
    beyond = next((one for one in given if not policy.covers(held, one)), None)
    if beyond is not None:
        raise GrantBeyondOwn(
            f"You do not hold all that {what} gives: {beyond.pattern}.", pattern=beyond.pattern, scope=beyond.part.scope
        )


def check_not_above(granter: User | None, user: User) -> None:
    """Refuse to touch a user who may more than the one who asks: taking away would be power over them.

    One who asks with a token of narrower scopes is as another: with a new address or password of their own account they
    would be all that its owner is.

    :raises GrantBeyondOwn: the user holds something that the granter does not.
    """
    if granter is not None and (granter.is_narrowed or granter.pk != user.pk):
        check_within(granter, user.held_patterns, f"the user {user.username!r} holds; what they hold")


def patterns_of(role: Role, refs: Sequence[str]) -> list[HeldPattern]:
    """Give what a role gives to one who holds it with these refs."""
    rows = role.grants.values_list("pattern", "scope", "points_max")
    return [HeldPattern.of(*row, refs) for row in rows]


def find_roles(codes: Iterable[str]) -> dict[str, Role]:
    """Give roles by their codes.

    :raises RoleUnknown: a code does not exist.
    """
    wanted = list(codes)
    found = {role.code: role for role in Role.objects.filter(code__in=wanted)}
    missing = [code for code in wanted if code not in found]
    if missing:
        raise RoleUnknown(f"There is no role {missing[0]!r}.")
    return found


@transaction.atomic
def set_roles(
    *,
    user: User,
    roles: Sequence[str],
    granter: User | None = None,
    scope_refs: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """Give a user exactly these roles; ``scope_refs`` names programs and partners by the code of a role, and a role
    that the user holds already keeps its own when none are given for it.

    :raises RoleUnknown: a code does not exist, or refs are named for a role that is not given.
    :raises GrantBeyondOwn: a role gives more than the granter holds, or the user may more than the granter.
    :raises LastAdministrator: nobody would be left who may do everything.
    """
    check_not_above(granter, user)
    was_administrator = is_administrator(user)
    wanted = find_roles(roles)
    held = {one.role_id: one for one in UserRole.objects.filter(user=user)}
    given = dict(scope_refs or {})
    for code in given:
        if code not in wanted:
            # What is named for a role that is not given would be lost without a word.
            raise RoleUnknown(f"Programs and partners are named for the role {code!r}, which is not given.")
    for code, role in wanted.items():
        before = held.get(role.pk)
        refs = list(given.get(code, before.scope_refs if before else ()))
        check_within(granter, patterns_of(role, refs), f"the role {code!r}")
        UserRole.objects.update_or_create(user=user, role=role, defaults={"scope_refs": refs})
    UserRole.objects.filter(user=user).exclude(role__in=wanted.values()).delete()
    user.forget_grants()
    if was_administrator:
        check_administrator_left()


def is_administrator(user: User) -> bool:
    """Tell whether a user's roles give everything, everywhere and without limit."""
    return user.held.filter(role__grants__in=EVERYTHING).exists()


def check_administrator_left() -> None:
    """Refuse a change that took everything from somebody when nobody is left who has it.

    Two who take it from each other would each still see the other have it; so the second one waits for the first.

    :raises LastAdministrator: nobody is.
    """
    sql.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", ["access: the last administrator"])
    if not User.objects.filter(is_active=True, held__role__grants__in=EVERYTHING).exists():
        raise LastAdministrator("Give somebody else a role with all permissions first.")
