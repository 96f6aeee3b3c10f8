"""Bodies of the access routes."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from loyalty.foundation.access.models import SCOPES, Role, User
from loyalty.foundation.web.serializers import PointsField, StrictSerializer, WholeNumberField

PATTERNS_MAX = 500
# More programs or partners than one mapping needs to name.
REFS_MAX = 500
NETWORKS_MAX = 50


class CheckPermissionSerializer(StrictSerializer):
    """A permission to ask about."""

    permission = serializers.CharField(max_length=100)


class ScopeRefs(serializers.DictField):
    """The programs and partners, by public id, for each role that has patterns of those scopes."""

    def __init__(self, **options: Any) -> None:
        child = serializers.ListField(child=serializers.CharField(max_length=100), max_length=REFS_MAX)
        super().__init__(**{"child": child, "required": False, **options})


class UserSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A user as answered."""

    id = serializers.UUIDField(source="public_id", read_only=True)
    username = serializers.CharField()
    email = serializers.CharField()
    kind = serializers.CharField()
    partner_ref = serializers.CharField()
    person_ref = serializers.CharField()
    is_active = serializers.BooleanField()
    roles = serializers.SerializerMethodField()
    scope_refs = serializers.SerializerMethodField()
    last_login_at = serializers.DateTimeField(source="last_login", read_only=True)
    created_at = serializers.DateTimeField(read_only=True)

    def get_roles(self, user: User) -> list[str]:
        """Give the codes of the roles held."""
        return sorted(one.role.code for one in user.held.all())

    def get_scope_refs(self, user: User) -> dict[str, list[str]]:
        """Give for which programs and partners each role is held, where it is not for all."""
        return {one.role.code: list(one.scope_refs) for one in user.held.all() if one.scope_refs}


class NewUserSerializer(StrictSerializer):
    """A user to create; a service has no password, because it is known by its tokens alone."""

    username = serializers.RegexField(r"^[\w.@+-]{1,100}$")
    password = serializers.CharField(max_length=200, trim_whitespace=False, required=False, default="")
    email = serializers.EmailField(required=False, default="", allow_blank=True)
    kind = serializers.ChoiceField(choices=["person", "service"], required=False, default="person")
    must_change_password = serializers.BooleanField(
        required=False,
        default=True,
        help_text="Whoever makes a person knows the password; so the first sign-in changes it.",
    )
    roles = serializers.ListField(child=serializers.CharField(max_length=50), required=False, default=list)
    scope_refs = ScopeRefs(default=dict)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Take a password for a person and none for a service."""
        if (attrs["kind"] == "person") != bool(attrs["password"]):
            raise serializers.ValidationError({"password": ["A person has one, a service has none."]}, code="invalid")
        return attrs


class ChangedUserSerializer(StrictSerializer):
    """What may change on a user."""

    email = serializers.EmailField(required=False, allow_blank=True)
    is_active = serializers.BooleanField(required=False)
    person_ref = serializers.CharField(max_length=100, required=False, allow_blank=True)
    roles = serializers.ListField(child=serializers.CharField(max_length=50), required=False)
    scope_refs = ScopeRefs()


class ReasonAnswer(serializers.Serializer):  # type: ignore[type-arg]
    """A pattern of a role that has a say; not in force where its role names no program or partner for it."""

    role = serializers.CharField()
    pattern = serializers.CharField()
    scope = serializers.CharField()
    scope_refs = serializers.ListField(child=serializers.CharField())
    points_max = serializers.IntegerField(allow_null=True)
    is_in_force = serializers.BooleanField()


class EffectivePermissionAnswer(serializers.Serializer):  # type: ignore[type-arg]
    """A permission as the user holds it; ``points_max`` null is without limit."""

    code = serializers.CharField()
    domain = serializers.CharField()
    verb = serializers.CharField()
    description = serializers.CharField()
    is_granted = serializers.BooleanField()
    is_everywhere = serializers.BooleanField()
    program_refs = serializers.ListField(child=serializers.CharField())
    partner_refs = serializers.ListField(child=serializers.CharField())
    is_own = serializers.BooleanField()
    points_max = serializers.IntegerField(allow_null=True)
    reasons = ReasonAnswer(many=True)


class EffectivePermissionsAnswer(serializers.Serializer):  # type: ignore[type-arg]
    """Why she may."""

    user = serializers.UUIDField()
    username = serializers.CharField()
    is_active = serializers.BooleanField()
    results = EffectivePermissionAnswer(many=True)


class PatternSerializer(StrictSerializer):
    """A permission or a pattern of some (``segments.*``), where it counts, and up to how many points."""

    permission = serializers.CharField(max_length=100)
    scope = serializers.ChoiceField(choices=SCOPES, required=False, default="all")
    points_max = PointsField(required=False, allow_null=True, default=None)

    def to_internal_value(self, data: Any) -> Any:
        """Read it; a text alone counts everywhere."""
        return super().to_internal_value({"permission": data} if isinstance(data, str) else data)


class RoleSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A role as answered."""

    id = serializers.UUIDField(source="public_id", read_only=True)
    code = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    is_shipped = serializers.BooleanField()
    version = serializers.IntegerField(read_only=True)
    permissions = serializers.SerializerMethodField()
    grants = serializers.SerializerMethodField()

    def get_permissions(self, role: Role) -> list[str]:
        """Give the patterns that the role gives, wherever they count."""
        return sorted({grant.pattern for grant in role.grants.all()})

    @extend_schema_field(PatternSerializer(many=True))
    def get_grants(self, role: Role) -> list[dict[str, Any]]:
        """Give the patterns with their scopes and limits."""
        rows = sorted(role.grants.all(), key=lambda grant: (grant.pattern, grant.scope))
        return [{"permission": one.pattern, "scope": one.scope, "points_max": one.points_max} for one in rows]


class NewRoleSerializer(StrictSerializer):
    """A role to create."""

    code = serializers.SlugField(max_length=50)
    name = serializers.CharField(max_length=100)
    description = serializers.CharField(max_length=300, required=False, default="", allow_blank=True)
    permissions = serializers.ListField(child=PatternSerializer(), max_length=PATTERNS_MAX)


class ChangedRoleSerializer(StrictSerializer):
    """What may change of a role; ``permissions`` is always the whole list."""

    name = serializers.CharField(max_length=100, required=False)
    description = serializers.CharField(max_length=300, required=False, allow_blank=True)
    permissions = serializers.ListField(child=PatternSerializer(), max_length=PATTERNS_MAX, required=False)


class RolePermissionSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """What a role gives."""

    id = serializers.UUIDField(source="public_id", read_only=True)
    role = serializers.CharField(source="role.code")
    permission = serializers.CharField(source="pattern")
    scope = serializers.CharField()
    points_max = serializers.IntegerField(allow_null=True)
    created_at = serializers.DateTimeField()


class NewRolePermission(PatternSerializer):
    """A permission to give to a role, by its code."""

    role = serializers.CharField(max_length=50)


class UserRoleSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A role as a user holds it."""

    id = serializers.UUIDField(source="public_id", read_only=True)
    user = serializers.UUIDField(source="user.public_id")
    username = serializers.CharField(source="user.username")
    role = serializers.CharField(source="role.code")
    scope_refs = serializers.ListField(child=serializers.CharField())
    created_at = serializers.DateTimeField()


class NewUserRole(StrictSerializer):
    """A role to hold; ``scope_refs`` are public ids of programs and partners, for patterns of those scopes."""

    user = serializers.UUIDField()
    role = serializers.CharField(max_length=50)
    scope_refs = serializers.ListField(
        child=serializers.CharField(max_length=100), max_length=REFS_MAX, required=False, default=list
    )


class PermissionSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A permission of the catalogue."""

    code = serializers.CharField()
    domain = serializers.CharField()
    verb = serializers.CharField()
    description = serializers.CharField()


class TokenSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A token without its secret."""

    id = serializers.UUIDField(source="public_id", read_only=True)
    name = serializers.CharField()
    prefix = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField())
    networks = serializers.ListField(child=serializers.CharField())
    user = serializers.UUIDField(source="user.public_id")
    username = serializers.CharField(source="user.username")
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    revoked_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField()
    replaced_by = serializers.UUIDField(source="replaced_by.public_id", allow_null=True, default=None)


class IssuedTokenSerializer(TokenSerializer):
    """A token with its secret, shown once."""

    secret = serializers.CharField()


class PartnerKeySerializer(TokenSerializer):
    """A partner's key without its secret."""

    partner_ref = serializers.CharField(source="user.partner_ref")


class IssuedPartnerKey(PartnerKeySerializer):
    """A partner's key with its secret, shown once."""

    secret = serializers.CharField()


class NewTokenSerializer(StrictSerializer):
    """A token to issue to the one who asks, or to the service ``user``."""

    name = serializers.CharField(max_length=100)
    user = serializers.UUIDField(required=False, allow_null=True, default=None)
    scopes = serializers.ListField(
        child=serializers.CharField(max_length=100), required=False, default=list, max_length=PATTERNS_MAX
    )
    networks = serializers.ListField(
        child=serializers.CharField(max_length=50), required=False, default=list, max_length=NETWORKS_MAX
    )
    expires_in_days = WholeNumberField(min_value=1, max_value=3650, required=False, allow_null=True, default=None)


class NewPartnerKey(StrictSerializer):
    """A key to issue to a partner; it is accepted from the ``networks`` only, from everywhere when none is given."""

    partner_ref = serializers.RegexField(r"^[\w.:@+-]{1,90}$")
    name = serializers.CharField(max_length=100)
    scopes = serializers.ListField(
        child=serializers.CharField(max_length=100), allow_empty=False, max_length=PATTERNS_MAX
    )
    networks = serializers.ListField(
        child=serializers.CharField(max_length=50), required=False, default=list, max_length=NETWORKS_MAX
    )
    expires_in_days = WholeNumberField(min_value=1, max_value=3650, required=False, default=365)


class RotationSerializer(StrictSerializer):
    """For how many hours the old token stays good; an hour when left out, a day at the most, 0 ends it at once."""

    overlap_hours = WholeNumberField(min_value=0, max_value=24, required=False, allow_null=True, default=None)
