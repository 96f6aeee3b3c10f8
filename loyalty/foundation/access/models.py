"""Tables of access; secrets are kept as hashes only."""

from fnmatch import fnmatchcase
from functools import cached_property

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models

from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.orm.models import PublicModel


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
    """One pattern of one role."""

    role = models.ForeignKey(Role, on_delete=models.CASCADE, related_name="grants")
    pattern = models.CharField(max_length=100)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["role", "pattern"], name="access_role_pattern_once")]

    def __str__(self) -> str:
        return f"{self.role_id}: {self.pattern}"


class User(PublicModel, AbstractBaseUser):
    """A person or a program that signs in."""

    username = models.CharField(max_length=100, unique=True)
    email = models.EmailField(blank=True, default="")
    is_active = models.BooleanField(default=True)
    roles = models.ManyToManyField(Role, through="UserRole", related_name="users")

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    objects = Users()

    def __str__(self) -> str:
        return self.username

    @cached_property
    def patterns(self) -> frozenset[str]:
        """The permission patterns of all roles held."""
        return frozenset(RolePermission.objects.filter(role__users=self).values_list("pattern", flat=True))

    def has_permission(self, code: str) -> bool:
        """Tell whether a role grants the permission."""
        return self.is_active and any(fnmatchcase(code, pattern) for pattern in self.patterns)

    def as_actor(self) -> Actor:
        """Give the actor that audit rows name."""
        return Actor(kind="user", ref=str(self.public_id), name=self.username)


class UserRole(PublicModel):
    """A role held by a user."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="held")
    role = models.ForeignKey(Role, on_delete=models.CASCADE, related_name="held")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "role"], name="access_user_role_once")]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.role_id}"


class ApiToken(PublicModel):
    """A bearer token of a user; scopes narrow what the user may, they never widen it."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=16)
    digest = models.BinaryField(max_length=32, unique=True)
    scopes = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.prefix}… {self.name}"

    def has_permission(self, code: str) -> bool:
        """Tell whether the scopes let the permission through; no scopes means all of the user's."""
        return not self.scopes or any(fnmatchcase(code, scope) for scope in self.scopes)

    def as_actor(self) -> Actor:
        """Give the actor that audit rows name."""
        return Actor(kind="token", ref=str(self.public_id), name=f"{self.user.username}/{self.name}")
