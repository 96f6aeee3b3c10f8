"""Writes of roles: their patterns, and who holds them."""

from collections.abc import Iterable, Sequence

from django.db import IntegrityError, transaction

from loyalty.foundation.access import policy
from loyalty.foundation.access.contracts import HeldPattern, PatternGiven
from loyalty.foundation.access.errors import PermissionUnknown, RoleCodeTaken, RoleInUse, RoleIsShipped
from loyalty.foundation.access.models import Role, RolePermission, User, UserRole
from loyalty.foundation.access.operations.granting import (
    EVERYTHING,
    check_administrator_left,
    check_not_above,
    check_within,
    is_administrator,
    patterns_of,
)
from loyalty.foundation.orm.api import bump_version


def check_patterns(granter: User, given: Iterable[PatternGiven], role: Role | None) -> None:
    """Refuse patterns that mean nothing, or that reach further than the granter, for any who hold the role.

    :raises PermissionUnknown: a pattern covers no permission.
    :raises GrantBeyondOwn: the granter lacks something that the role would give.
    """
    # Who holds the role gets the pattern with their own refs, so each list of refs is a grant by itself.
    holders = [tuple(refs) for refs in role.held.values_list("scope_refs", flat=True)] if role else []
    for one in given:
        if not policy.is_known(one.pattern):
            raise PermissionUnknown(f"No permission fits {one.pattern!r}.")
        for refs in {(), *holders}:
            check_within(granter, [HeldPattern.of(one.pattern, one.scope, one.points_max, refs)], "this")


@transaction.atomic
def create_role(*, code: str, name: str, description: str, patterns: Sequence[PatternGiven], granter: User) -> Role:
    """Create a role; nobody grants beyond what they hold.

    :raises PermissionUnknown: a pattern covers no permission.
    :raises GrantBeyondOwn: the granter lacks something that the role would give.
    :raises RoleCodeTaken: another role has the code.
    """
    check_patterns(granter, patterns, None)
    try:
        with transaction.atomic():
            role = Role.objects.create(code=code, name=name, description=description)
    except IntegrityError as fault:
        raise RoleCodeTaken(f"There is already a role {code!r}.") from fault
    _put(role, patterns)
    return role


@transaction.atomic
def change_role(
    *,
    role: Role,
    granter: User,
    name: str | None = None,
    description: str | None = None,
    patterns: Sequence[PatternGiven] | None = None,
) -> None:
    """Change what is given of a role; ``patterns`` is always the whole list.

    :raises RoleIsShipped: a shipped role's patterns are what the product says they are.
    :raises PermissionUnknown: a pattern covers no permission.
    :raises GrantBeyondOwn: the granter lacks something that the role gives or would give.
    :raises LastAdministrator: nobody would be left who may do everything.
    """
    Role.objects.select_for_update().get(pk=role.pk)
    if role.is_shipped:
        raise RoleIsShipped(f"The role {role.code!r} ships with the product; make one of your own.")
    check_within(granter, _all_of(role), f"the role {role.code!r}")
    role.name = role.name if name is None else name
    role.description = role.description if description is None else description
    role.save(update_fields=["name", "description"])
    if patterns is not None:
        check_patterns(granter, patterns, role)
        gave_everything = role.grants.filter(pk__in=EVERYTHING).exists()
        _put(role, patterns)
        if gave_everything:
            check_administrator_left()
    bump_version(role)


@transaction.atomic
def delete_role(*, role: Role, granter: User) -> None:
    """Delete a role that nobody holds.

    :raises RoleIsShipped: it ships with the product.
    :raises RoleInUse: somebody holds it.
    :raises GrantBeyondOwn: the role gives more than the granter holds.
    """
    if role.is_shipped:
        raise RoleIsShipped(f"The role {role.code!r} ships with the product.")
    if role.held.exists():
        raise RoleInUse(f"Somebody holds the role {role.code!r}.")
    check_within(granter, _all_of(role), f"the role {role.code!r}")
    role.delete()


@transaction.atomic
def add_pattern(*, role: Role, given: PatternGiven, granter: User) -> RolePermission:
    """Give a role one more pattern; the same pattern and scope again changes its limit.

    :raises RoleIsShipped, PermissionUnknown, GrantBeyondOwn, LastAdministrator: as for changing a role.
    """
    if role.is_shipped:
        raise RoleIsShipped(f"The role {role.code!r} ships with the product; make one of your own.")
    check_patterns(granter, [given], role)
    gave_everything = role.grants.filter(pk__in=EVERYTHING).exists()
    made, _ = RolePermission.objects.update_or_create(
        role=role, pattern=given.pattern, scope=given.scope, defaults={"points_max": given.points_max}
    )
    bump_version(role)
    if gave_everything:
        # A limit to what was without one.
        check_administrator_left()
    return made


@transaction.atomic
def remove_pattern(*, granted: RolePermission, granter: User) -> None:
    """Take a pattern from a role.

    :raises RoleIsShipped: the role ships with the product.
    :raises GrantBeyondOwn: the granter does not hold it.
    """
    role = granted.role
    if role.is_shipped:
        raise RoleIsShipped(f"The role {role.code!r} ships with the product.")
    check_within(granter, _all_of(role), f"the role {role.code!r}")
    gives_everything = granted.pattern == "*"
    granted.delete()
    bump_version(role)
    if gives_everything:
        check_administrator_left()


@transaction.atomic
def assign_role(*, user: User, role: Role, scope_refs: Sequence[str], granter: User) -> UserRole:
    """Have a user hold a role, for these programs and partners; holding it already, these refs take the others' place.

    :raises GrantBeyondOwn: the role with these refs gives more than the granter holds, or the user may more.
    """
    check_not_above(granter, user)
    check_within(granter, patterns_of(role, scope_refs), f"the role {role.code!r}")
    held, _ = UserRole.objects.update_or_create(user=user, role=role, defaults={"scope_refs": list(scope_refs)})
    user.forget_grants()
    return held


@transaction.atomic
def take_role(*, held: UserRole, granter: User) -> None:
    """Take a role from a user, with effect from the next request.

    :raises GrantBeyondOwn: the user may more than the granter.
    :raises LastAdministrator: nobody would be left who may do everything.
    """
    check_not_above(granter, held.user)
    was_administrator = is_administrator(held.user)
    held.delete()
    if was_administrator:
        check_administrator_left()


@transaction.atomic
def install_shipped_roles() -> None:
    """Put the shipped roles in place, and their patterns as this version ships them."""
    for code, (name, description, patterns) in policy.SHIPPED_ROLES.items():
        role, _ = Role.objects.update_or_create(
            code=code, defaults={"name": name, "description": description, "is_shipped": True}
        )
        _put(role, [PatternGiven(one.pattern, one.scope, one.points_max) for one in patterns])


def _put(role: Role, patterns: Sequence[PatternGiven]) -> None:
    RolePermission.objects.filter(role=role).delete()
    wanted = {(one.pattern, one.scope): one for one in patterns}
    RolePermission.objects.bulk_create(
        RolePermission(role=role, pattern=one.pattern, scope=one.scope, points_max=one.points_max)
        for one in wanted.values()
    )


def _all_of(role: Role) -> list[HeldPattern]:
    """Give what the role gives to any who hold it."""
    holders = {tuple(refs) for refs in role.held.values_list("scope_refs", flat=True)} or {()}
    return [one for refs in holders for one in patterns_of(role, refs)]
