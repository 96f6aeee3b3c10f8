"""Writes of users."""

from collections.abc import Mapping, Sequence

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from loyalty.foundation.access.contracts import UserKind, UserView
from loyalty.foundation.access.errors import PasswordTooWeak, UserNameTaken
from loyalty.foundation.access.models import User
from loyalty.foundation.access.operations.granting import (
    check_administrator_left,
    check_not_above,
    is_administrator,
    set_roles,
)
from loyalty.foundation.access.operations.roles import install_shipped_roles
from loyalty.foundation.access.queries import view_of
from loyalty.foundation.kernel.errors import FieldProblem
from loyalty.foundation.orm.api import bump_version


def check_password(password: str, username: str, email: str = "") -> None:
    """Hold the password against the policy of the settings.

    :raises PasswordTooWeak: says why.
    """
    try:
        validate_password(password, user=User(username=username, email=email))
    except ValidationError as fault:
        problems = [FieldProblem("password", "password.too_weak", message) for message in fault.messages]
        raise PasswordTooWeak(" ".join(fault.messages), problems=problems) from fault


@transaction.atomic
def create_user(
    *,
    username: str,
    password: str,
    email: str,
    roles: Sequence[str],
    granter: User | None = None,
    kind: UserKind = UserKind.PERSON,
    scope_refs: Mapping[str, Sequence[str]] | None = None,
) -> UserView:
    """Create a user with roles; ``granter`` is None only for the platform itself.

    A service or partner has no password: it is known by its tokens alone.

    :raises GrantBeyondOwn: a role gives more than the granter holds.
    :raises UserNameTaken: the name is in use.
    :raises RoleUnknown: a code does not exist.
    :raises PasswordTooWeak: the policy refuses the password.
    """
    user = User(username=username, email=email, kind=kind)
    if kind is UserKind.PERSON:
        check_password(password, username, email)
        user.set_password(password)
    else:
        user.set_unusable_password()
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError as fault:
        raise UserNameTaken(f"There is already a user {username!r}.") from fault
    set_roles(user=user, roles=roles, granter=granter, scope_refs=scope_refs)
    return view_of(user)


@transaction.atomic
def ensure_administrator(*, username: str, password: str, email: str) -> UserView:
    """Give a user of this name every permission and this password, created first when there is none.

    :raises PasswordTooWeak: the policy refuses the password.
    """
    install_shipped_roles()
    user = User.objects.select_for_update().filter(username=username).first()
    if user is None:
        return create_user(username=username, password=password, email=email, roles=["admin"])
    if not user.check_password(password):
        check_password(password, username)
        user.set_password(password)
    user.is_active = True
    user.save(update_fields=["password", "is_active"])
    set_roles(user=user, roles=["admin"])
    return view_of(user)


@transaction.atomic
def change_user(
    *,
    user: User,
    granter: User | None,
    email: str | None = None,
    is_active: bool | None = None,
    person_ref: str | None = None,
    roles: Sequence[str] | None = None,
    scope_refs: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """Change what is given; the rest stays.

    :raises RoleUnknown: a code does not exist.
    :raises GrantBeyondOwn: a role gives more than the granter holds, or the user may more than the granter.
    :raises LastAdministrator: nobody would be left who may do everything.
    """
    check_not_above(granter, user)
    user.email = user.email if email is None else email
    user.is_active = user.is_active if is_active is None else is_active
    user.person_ref = user.person_ref if person_ref is None else person_ref
    was_administrator = is_administrator(user)
    user.save(update_fields=["email", "is_active", "person_ref"])
    if roles is not None:
        set_roles(user=user, roles=roles, granter=granter, scope_refs=scope_refs)
    elif scope_refs:
        set_roles(user=user, roles=[one.role.code for one in user.held.all()], granter=granter, scope_refs=scope_refs)
    if was_administrator:
        check_administrator_left()
    bump_version(user)


@transaction.atomic
def ensure_partner(*, partner_ref: str, granter: User) -> User:
    """Give the user behind a partner's keys, made when there is none: it cannot sign in, and holds the role of
    partners for this partner and the programs that the mapping is given later.

    :raises GrantBeyondOwn: the role gives more than the granter holds.
    """
    user = User.objects.filter(kind=UserKind.PARTNER, partner_ref=partner_ref).first()
    if user is None:
        user = User(username=f"partner:{partner_ref}"[:100], kind=UserKind.PARTNER, partner_ref=partner_ref)
        user.set_unusable_password()
        try:
            with transaction.atomic():
                user.save()
        except IntegrityError as fault:
            raise UserNameTaken(f"There is already a user {user.username!r}.") from fault
        set_roles(user=user, roles=["partner"], granter=granter, scope_refs={"partner": [partner_ref]})
    return user
