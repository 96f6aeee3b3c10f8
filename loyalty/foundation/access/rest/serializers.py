"""Bodies of the access routes."""

from rest_framework import serializers

from loyalty.foundation.web.serializers import StrictSerializer, WholeNumberField


class LoginSerializer(StrictSerializer):
    """User name and password."""

    username = serializers.CharField(max_length=100)
    password = serializers.CharField(max_length=200, trim_whitespace=False)


class CheckPermissionSerializer(StrictSerializer):
    """A permission to ask about."""

    permission = serializers.CharField(max_length=100)


class UserSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A user as answered."""

    id = serializers.UUIDField(source="public_id", read_only=True)
    username = serializers.CharField()
    email = serializers.CharField()
    is_active = serializers.BooleanField()
    roles = serializers.SerializerMethodField()
    last_login_at = serializers.DateTimeField(source="last_login", read_only=True)

    def get_roles(self, user: object) -> list[str]:
        """Give the codes of the roles held."""
        return sorted(role.code for role in user.roles.all())  # type: ignore[attr-defined]


class NewUserSerializer(StrictSerializer):
    """A user to create."""

    username = serializers.RegexField(r"^[\w.@+-]{1,100}$")
    password = serializers.CharField(max_length=200, trim_whitespace=False)
    email = serializers.EmailField(required=False, default="", allow_blank=True)
    roles = serializers.ListField(child=serializers.CharField(max_length=50), required=False, default=list)


class ChangedUserSerializer(StrictSerializer):
    """What may change on a user."""

    email = serializers.EmailField(required=False, allow_blank=True)
    is_active = serializers.BooleanField(required=False)
    roles = serializers.ListField(child=serializers.CharField(max_length=50), required=False)


class RoleSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A role as answered."""

    id = serializers.UUIDField(source="public_id", read_only=True)
    code = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    is_shipped = serializers.BooleanField()
    permissions = serializers.SerializerMethodField()

    def get_permissions(self, role: object) -> list[str]:
        """Give the patterns that the role holds."""
        return sorted(grant.pattern for grant in role.grants.all())  # type: ignore[attr-defined]


class NewRoleSerializer(StrictSerializer):
    """A role to create."""

    code = serializers.SlugField(max_length=50)
    name = serializers.CharField(max_length=100)
    description = serializers.CharField(max_length=300, required=False, default="", allow_blank=True)
    permissions = serializers.ListField(child=serializers.CharField(max_length=100), max_length=500)


class PermissionSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A permission of the catalogue."""

    code = serializers.CharField()
    domain = serializers.CharField()
    description = serializers.CharField()


class TokenSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A token without its secret."""

    id = serializers.UUIDField(source="public_id", read_only=True)
    name = serializers.CharField()
    prefix = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField())
    username = serializers.CharField(source="user.username")
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    revoked_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField()


class NewTokenSerializer(StrictSerializer):
    """A token to issue to the one who asks."""

    name = serializers.CharField(max_length=100)
    scopes = serializers.ListField(child=serializers.CharField(max_length=100), required=False, default=list)
    expires_in_days = WholeNumberField(min_value=1, max_value=3650, required=False, allow_null=True, default=None)
