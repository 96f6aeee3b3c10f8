"""Somebody who may do everything is always left: whatever way it is taken, and when two take it from each other."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from loyalty.foundation.access.api import create_user, install_shipped_roles
from loyalty.foundation.access.contracts import PatternGiven
from loyalty.foundation.access.errors import GrantBeyondOwn, LastAdministrator
from loyalty.foundation.access.models import Role, User, UserRole
from loyalty.foundation.access.operations import asking, take_role
from loyalty.foundation.access.operations.granting import EVERYTHING
from loyalty.foundation.kernel import clock
from tests.ledger.parallel import all_at_once

ROUNDS = 6


def person(name: str, *roles: str) -> User:
    """Make a person with roles."""
    view = create_user(username=name, password="correct horse battery", email="", roles=list(roles))
    return User.objects.get(public_id=view.id)


def administrators() -> int:
    """Count the active users who may do everything."""
    return User.objects.filter(is_active=True, held__role__grants__in=EVERYTHING).distinct().count()


def switched_off(user: User, by: User) -> Any:
    """Switch a user off."""
    return asking.change_user(user=user, changes={"is_active": False}, granter=by, actor=by.as_actor(), now=clock.now())


def without_roles(user: User, by: User) -> Any:
    """Take all roles from a user."""
    return asking.change_user(user=user, changes={"roles": []}, granter=by, actor=by.as_actor(), now=clock.now())


def without_the_role(user: User, by: User) -> Any:
    """Take the role from a user."""
    return take_role(held=UserRole.objects.select_related("user").get(user=user), granter=by)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("take", [switched_off, without_roles, without_the_role])
def test_two_administrators__taking_it_from_each_other_at_once__leave_one(
    take: Callable[[User, User], Any], transactional_db: None
) -> None:
    install_shipped_roles()
    for number in range(ROUNDS):
        one, other = person(f"one-{number}", "admin"), person(f"other-{number}", "admin")
        outcomes = all_at_once([partial(take, one, other), partial(take, other, one)])
        refused = [type(outcome) for outcome in outcomes if isinstance(outcome, Exception)]
        # Whoever begins when the other one is done holds nothing to take with.
        assert refused in ([LastAdministrator], [GrantBeyondOwn]), outcomes
        assert administrators() == 1
        UserRole.objects.all().delete()


@pytest.mark.django_db
def test_role_of_the_last_administrator__loses_nothing_of_everything() -> None:
    root = person("root")
    role = Role.objects.create(code="root", name="Root")
    role.grants.create(pattern="*")
    UserRole.objects.create(user=root, role=role)
    User.objects.exclude(pk=root.pk).update(is_active=False)
    who: dict[str, Any] = {"granter": root, "actor": root.as_actor(), "now": clock.now()}
    limited = PatternGiven("*", points_max=100)
    for attempt in (
        partial(asking.change_role, role=role, patterns=[PatternGiven("access.*")], **who),
        partial(asking.change_role, role=role, patterns=[limited], **who),
        partial(asking.add_pattern, role=role, given=limited, **who),
        partial(asking.remove_pattern, granted=role.grants.get(), **who),
    ):
        with pytest.raises(LastAdministrator):
            attempt()
        assert administrators() == 1
    asking.change_role(role=role, name="Roots", **who)
    person("second", "admin")
    root.forget_grants()
    asking.add_pattern(role=role, given=limited, **who)
    assert administrators() == 1
