"""Writes of access: users, roles, tokens."""

import hashlib
import secrets
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from loyalty.foundation.access import policy
from loyalty.foundation.access.contracts import IssuedToken, UserView
from loyalty.foundation.access.errors import (
    GrantBeyondOwn,
    PasswordTooWeak,
    PermissionUnknown,
    RoleCodeTaken,
    RoleUnknown,
    UserNameTaken,
    UserNotFound,
)
from loyalty.foundation.access.models import ApiToken, Role, RolePermission, User, UserRole
from loyalty.foundation.access.queries import view_of
from loyalty.foundation.kernel.errors import FieldProblem
from loyalty.foundation.orm.api import bump_version

TOKEN_PREFIX = "klt_"
# One use per minute is remembered; more would write a row on each request.
LAST_USED_STEP = timedelta(minutes=1)


def check_password(password: str, username: str) -> None:
    """Hold the password against the policy of the settings.

    :raises PasswordTooWeak: says why.
    """
    try:
        validate_password(password, user=User(username=username))
    except ValidationError as fault:
        problems = [FieldProblem("password", "password.too_weak", message) for message in fault.messages]
        raise PasswordTooWeak(" ".join(fault.messages), problems=problems) from fault


@transaction.atomic
def create_user(
    *, username: str, password: str, email: str, roles: Sequence[str], granter: User | None = None
) -> UserView:
    """Create a user with roles; ``granter`` is None only for the platform itself.

    :raises GrantBeyondOwn: a role gives more than the granter holds.
    :raises UserNameTaken: the name is in use.
    :raises RoleUnknown: a code does not exist.
    :raises PasswordTooWeak: the policy refuses the password.
    """
    check_password(password, username)
    user = User(username=username, email=email)
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError as fault:
        raise UserNameTaken(f"There is already a user {username!r}.") from fault
    set_roles(user=user, roles=roles, granter=granter)
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
    roles: Sequence[str] | None = None,
) -> None:
    """Change what is given; the rest stays.

    :raises RoleUnknown: a code does not exist.
    :raises GrantBeyondOwn: a role gives more than the granter holds.
    """
    user.email = user.email if email is None else email
    user.is_active = user.is_active if is_active is None else is_active
    user.save(update_fields=["email", "is_active"])
    if roles is not None:
        set_roles(user=user, roles=roles, granter=granter)
    bump_version(user)


@transaction.atomic
def set_roles(*, user: User, roles: Sequence[str], granter: User | None = None) -> None:
    """Give a user exactly these roles.

    :raises RoleUnknown: a code does not exist.
    :raises GrantBeyondOwn: a role gives more than the granter holds.
    """
    wanted = {role.code: role for role in Role.objects.prefetch_related("grants").filter(code__in=roles)}
    missing = [code for code in roles if code not in wanted]
    if missing:
        raise RoleUnknown(f"There is no role {missing[0]!r}.")
    for role in wanted.values():
        if granter and not all(policy.covers(granter.patterns, grant.pattern) for grant in role.grants.all()):
            raise GrantBeyondOwn(f"You do not hold all that the role {role.code!r} gives.")
    UserRole.objects.filter(user=user).exclude(role__in=wanted.values()).delete()
    UserRole.objects.bulk_create([UserRole(user=user, role=role) for role in wanted.values()], ignore_conflicts=True)
    user.__dict__.pop("patterns", None)


@transaction.atomic
def save_role(
    *, role: Role | None, code: str, name: str, description: str, patterns: Sequence[str], granter: User
) -> Role:
    """Create or change a role; nobody grants beyond what they hold.

    :raises PermissionUnknown: a pattern covers no permission.
    :raises GrantBeyondOwn: the granter lacks something that the role would give.
    :raises RoleCodeTaken: another role has the code.
    """
    for pattern in patterns:
        if not policy.is_known(pattern):
            raise PermissionUnknown(f"No permission fits {pattern!r}.")
        if not policy.covers(granter.patterns, pattern):
            raise GrantBeyondOwn(f"You do not hold all of {pattern!r} yourself.")
    saved = role or Role(code=code)
    saved.name, saved.description = name, description
    try:
        with transaction.atomic():
            saved.save()
    except IntegrityError as fault:
        raise RoleCodeTaken(f"There is already a role {code!r}.") from fault
    RolePermission.objects.filter(role=saved).exclude(pattern__in=patterns).delete()
    RolePermission.objects.bulk_create(
        [RolePermission(role=saved, pattern=pattern) for pattern in patterns], ignore_conflicts=True
    )
    return saved


def create_token(
    *, user_id: uuid.UUID, name: str, now: datetime, scopes: Sequence[str] = (), lifetime: timedelta | None = None
) -> IssuedToken:
    """Issue a token; only its hash is kept.

    :raises UserNotFound: no such user.
    """
    user = User.objects.filter(public_id=user_id).first()
    if user is None:
        raise UserNotFound()
    # 32 random bytes: ASVS 11.5.1 asks for 128 bits at least.
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        user=user,
        name=name,
        prefix=secret[:10],
        digest=hashlib.sha256(secret.encode()).digest(),
        scopes=list(scopes),
        expires_at=now + lifetime if lifetime else None,
    )
    return IssuedToken(id=token.public_id, secret=secret, expires_at=token.expires_at)


def revoke_token(*, token: ApiToken, now: datetime) -> None:
    """End a token at once."""
    ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now)


def touch_token(*, token: ApiToken, now: datetime) -> None:
    """Remember that the token was used, at most once a minute."""
    if token.last_used_at is None or now - token.last_used_at >= LAST_USED_STEP:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)


@transaction.atomic
def install_shipped_roles() -> None:
    """Put the shipped roles in place, and their patterns as this version ships them."""
    for code, (name, description, patterns) in policy.SHIPPED_ROLES.items():
        role, _ = Role.objects.update_or_create(
            code=code, defaults={"name": name, "description": description, "is_shipped": True}
        )
        RolePermission.objects.filter(role=role).exclude(pattern__in=patterns).delete()
        RolePermission.objects.bulk_create(
            [RolePermission(role=role, pattern=pattern) for pattern in patterns], ignore_conflicts=True
        )
