"""Tables of access; secrets are kept as hashes only."""

from collections.abc import Sequence
from copy import copy
from functools import cached_property

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models

from loyalty.foundation.access.contracts import HeldPattern, UserKind
from loyalty.foundation.access.policy import grant_of, matches, narrowed
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.grants import Grant, Scope
from loyalty.foundation.orm.models import PublicModel

SCOPES = [(scope.value, scope.name) for scope in Scope]
USER_KINDS = [(kind.value, kind.value) for kind in UserKind]


class Users(BaseUserManager["User"]):
    """Finds users by name."""


class Role(PublicModel):
    """A named set of permission patterns, such as ``segments.*``."""

    code = models.CharField(max_length=50, unique=True)
    name = models.CharField(max_length=100)
    description = models.CharField(max_length=300, blank=True, default="")
    is_shipped = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.code


class RolePermission(PublicModel):
    """One pattern of one role, where it counts and up to how many points; no ``points_max`` is no limit."""

    role = models.ForeignKey(Role, on_delete=models.CASCADE, related_name="grants")
    pattern = models.CharField(max_length=100)
    scope = models.CharField(max_length=10, choices=SCOPES, default=Scope.ALL.value, db_default=Scope.ALL.value)
    points_max = models.BigIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["role", "pattern", "scope"], name="access_role_pattern_scope_once"),
            models.CheckConstraint(
                condition=models.Q(scope__in=[scope.value for scope in Scope]), name="access_role_pattern_scope"
            ),
            models.CheckConstraint(
                condition=models.Q(points_max__isnull=True) | models.Q(points_max__gt=0),
                name="access_role_pattern_limit",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role_id}: {self.pattern}"


class User(PublicModel, AbstractBaseUser):
    """A person or a program that signs in."""

    username = models.CharField(max_length=100, unique=True)
    email = models.EmailField(blank=True, default="")
    is_active = models.BooleanField(default=True)
    # Services and partners have tokens only: they cannot sign in.
    kind = models.CharField(
        max_length=10, choices=USER_KINDS, default=UserKind.PERSON.value, db_default=UserKind.PERSON.value
    )
    partner_ref = models.CharField(max_length=100, blank=True, default="", db_default="")
    # The same text on all accounts of one person, so that nobody decides on their own request under another name.
    person_ref = models.CharField(max_length=100, blank=True, default="", db_default="", db_index=True)
    roles = models.ManyToManyField(Role, through="UserRole", related_name="users")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["partner_ref"],
                condition=models.Q(kind=UserKind.PARTNER.value),
                name="access_user_one_of_partner",
            )
        ]

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    objects = Users()

    def __str__(self) -> str:
        return self.username

    @cached_property
    def held_patterns(self) -> tuple[HeldPattern, ...]:
        """The permission patterns of all roles held, each with its scope and limit."""
        rows = RolePermission.objects.filter(role__held__user=self).values_list(
            "pattern", "scope", "points_max", "role__held__scope_refs"
        )
        return tuple(HeldPattern.of(*row) for row in rows)

    # Whether what is held is that of a token's scopes alone.
    is_narrowed = False

    def narrowed_to(self, scopes: Sequence[str]) -> "User":
        """Give the user as one who gives no more rights than a token with these scopes reaches; the row is the same."""
        if not scopes:
            return self
        one = copy(self)
        one.forget_grants()
        one.__dict__["held_patterns"] = narrowed(self.held_patterns, scopes)
        one.is_narrowed = True
        return one

    @property
    def patterns(self) -> frozenset[str]:
        """The permission patterns of all roles held, wherever they count."""
        return frozenset(held.pattern for held in self.held_patterns)

    def has_permission(self, code: str) -> bool:
        """Tell whether a role grants the permission, be it within bounds."""
        return self.grant_for(code) is not None

    def grant_for(self, code: str) -> Grant | None:
        """Give the permission as the roles grant it, or None; remembered for the request, asked anew by the next."""
        known: dict[str, Grant | None] = self.__dict__.setdefault("_grants", {})
        if code not in known:
            known[code] = grant_of(code, self.held_patterns, owner_ref=str(self.public_id)) if self.is_active else None
        return known[code]

    def forget_grants(self) -> None:
        """Read the roles anew when they are asked for next."""
        for name in ("held_patterns", "_grants"):
            self.__dict__.pop(name, None)

    def as_actor(self) -> Actor:
        """Give the actor that audit rows name."""
        return Actor(kind="user", ref=str(self.public_id), name=self.username, person_ref=str(self.public_id))


class UserRole(PublicModel):
    """A role held by a user; ``scope_refs`` names the programs and partners for its patterns of those scopes."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="held")
    role = models.ForeignKey(Role, on_delete=models.CASCADE, related_name="held")
    scope_refs = ArrayField(models.CharField(max_length=100), default=list, blank=True, db_default=[])

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "role"], name="access_user_role_once")]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.role_id}"


class ApiToken(PublicModel):
    """A bearer token of a user; scopes and networks narrow what the user may, they never widen it."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=16)
    digest = models.BinaryField(max_length=32, unique=True)
    scopes = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    # Addresses and networks in CIDR form from which it is accepted; none is from everywhere.
    networks = ArrayField(models.CharField(max_length=50), default=list, blank=True, db_default=[])
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    # The token that took this one's place; both are good until the overlap ends, which is then ``expires_at``.
    replaced_by = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="replaces")

    class Meta:
        indexes = [models.Index(fields=["user", "-id"], name="access_token_user")]

    def __str__(self) -> str:
        return f"{self.prefix}… {self.name}"

    def has_permission(self, code: str) -> bool:
        """Tell whether the scopes let the permission through; no scopes means all of the user's."""
        return not self.scopes or any(matches(code, scope) for scope in self.scopes)

    def as_actor(self) -> Actor:
        """Give the actor that audit rows name."""
        return Actor(
            kind="partner" if self.user.kind == UserKind.PARTNER else "token",
            ref=str(self.public_id),
            name=f"{self.user.username}/{self.name}",
            person_ref=str(self.user.public_id),
        )
