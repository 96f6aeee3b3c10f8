"""What programs say and take over HTTP."""

from typing import Any

from rest_framework import serializers

from loyalty.foundation.kernel.points import POINTS_MAX
from loyalty.foundation.web.serializers import ExactJSONField, PointsField, StrictSerializer, WholeNumberField
from loyalty.programs import policy
from loyalty.programs.contracts import Enrollment, ProgramDocument, ProgramStatus, TierDocument
from loyalty.programs.models import Program, ProgramVersion

RULE_HELP = "A rule in JSONLogic that gives a number; a rule in words stands beside it in answers."


class TierField(StrictSerializer):
    """A tier within a program's document."""

    id = serializers.UUIDField(required=False)
    code = serializers.CharField(max_length=50, required=False, allow_blank=True)
    name = serializers.CharField(max_length=100)
    min_points = WholeNumberField(min_value=0, max_value=POINTS_MAX)
    multiplier = serializers.DecimalField(max_digits=8, decimal_places=4, required=False)
    benefits = serializers.ListField(child=serializers.CharField(max_length=200), required=False, max_length=50)
    priority = WholeNumberField(min_value=0, max_value=1000, required=False)
    color = serializers.CharField(max_length=30, required=False, allow_blank=True)


class ProgramWrite(StrictSerializer):
    """A program as it is written."""

    name = serializers.CharField(max_length=200)
    code = serializers.CharField(max_length=50, required=False, allow_blank=True)
    description = serializers.CharField(max_length=5000, required=False, allow_blank=True)
    status = serializers.ChoiceField(choices=[status.value for status in ProgramStatus], required=False)
    start_date = serializers.DateField(required=False, allow_null=True)
    end_date = serializers.DateField(required=False, allow_null=True)
    currency = serializers.CharField(max_length=3, required=False)
    timezone = serializers.CharField(max_length=64, required=False)
    enrollment = serializers.ChoiceField(choices=[way.value for way in Enrollment], required=False)
    tiers = serializers.ListField(child=TierField(), required=False, max_length=policy.TIERS_MAX)
    earn_rule = ExactJSONField(required=False, allow_null=True, help_text=RULE_HELP)
    burn_rule = ExactJSONField(required=False, allow_null=True, help_text=RULE_HELP)
    earn_cap_daily = PointsField(required=False, allow_null=True)
    expiry_days = WholeNumberField(required=False, allow_null=True, min_value=1, max_value=policy.EXPIRY_DAYS_MAX)

    def changes(self) -> dict[str, Any]:
        """Give what was written, in the types of ``ProgramDocument``."""
        given: dict[str, Any] = dict(self.validated_data)
        if "tiers" in given:
            given["tiers"] = tuple(
                TierDocument(**{"code": "", **tier, "benefits": tuple(tier.get("benefits", ()))})
                for tier in given["tiers"]
            )
        if "status" in given:
            given["status"] = ProgramStatus(given["status"])
        if "enrollment" in given:
            given["enrollment"] = Enrollment(given["enrollment"])
        return given

    def document(self) -> ProgramDocument:
        """Give the whole document; what was left out takes its default."""
        return ProgramDocument(**self.changes())


class TierSerializer(serializers.Serializer[Any]):
    """A tier."""

    id = serializers.UUIDField(source="public_id")
    program = serializers.UUIDField(source="program.public_id")
    code = serializers.CharField()
    name = serializers.CharField()
    min_points = serializers.IntegerField()
    multiplier = serializers.DecimalField(max_digits=8, decimal_places=4, normalize_output=True)
    benefits = serializers.ListField(child=serializers.CharField())
    priority = serializers.IntegerField()
    color = serializers.CharField()


class ProgramTierSerializer(TierSerializer):
    """A tier within its program's document."""

    program = None  # type: ignore[assignment]


class ProgramSerializer(serializers.Serializer[Program]):
    """A program, whole, as the console reads and writes it."""

    id = serializers.UUIDField(source="public_id")
    code = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    status = serializers.CharField()
    start_date = serializers.DateField(allow_null=True)
    end_date = serializers.DateField(allow_null=True)
    currency = serializers.CharField()
    timezone = serializers.CharField()
    enrollment = serializers.CharField()
    tiers = ProgramTierSerializer(many=True)
    earn_rule = serializers.SerializerMethodField()
    earn_rule_in_words = serializers.SerializerMethodField()
    burn_rule = serializers.SerializerMethodField()
    burn_rule_in_words = serializers.SerializerMethodField()
    earn_cap_daily = serializers.SerializerMethodField()
    expiry_days = serializers.SerializerMethodField()
    member_count = serializers.IntegerField()
    version = serializers.IntegerField()
    program_version = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()

    def _newest(self, program: Program) -> ProgramVersion:
        newest: ProgramVersion = self.context["versions"][program.pk]
        return newest

    def get_earn_rule(self, program: Program) -> dict[str, Any] | None:
        """The earn rule in JSONLogic."""
        rule: dict[str, Any] | None = self._newest(program).earn_rule
        return rule

    def get_burn_rule(self, program: Program) -> dict[str, Any] | None:
        """The burn rule in JSONLogic."""
        rule: dict[str, Any] | None = self._newest(program).burn_rule
        return rule

    def get_earn_rule_in_words(self, program: Program) -> str:
        """The earn rule said."""
        return policy.say_rule("earn", self._newest(program).earn_rule)

    def get_burn_rule_in_words(self, program: Program) -> str:
        """The burn rule said."""
        return policy.say_rule("burn", self._newest(program).burn_rule)

    def get_earn_cap_daily(self, program: Program) -> int | None:
        """The most points a member earns in a day of the program's zone."""
        return self._newest(program).earn_cap_daily

    def get_expiry_days(self, program: Program) -> int | None:
        """How many days points last."""
        return self._newest(program).expiry_days

    def get_program_version(self, program: Program) -> int:
        """The number of the version in effect."""
        return self._newest(program).number


class VersionSerializer(serializers.Serializer[ProgramVersion]):
    """A version: what the program promised from an instant on."""

    id = serializers.UUIDField(source="public_id")
    number = serializers.IntegerField()
    starts_at = serializers.DateTimeField()
    used_at = serializers.DateTimeField(allow_null=True)
    earn_rule = ExactJSONField(allow_null=True)
    earn_rule_in_words = serializers.SerializerMethodField()
    burn_rule = ExactJSONField(allow_null=True)
    burn_rule_in_words = serializers.SerializerMethodField()
    earn_cap_daily = serializers.IntegerField(allow_null=True)
    expiry_days = serializers.IntegerField(allow_null=True)
    tiers = ExactJSONField()

    def get_earn_rule_in_words(self, version: ProgramVersion) -> str:
        """The earn rule said."""
        return policy.say_rule("earn", version.earn_rule)

    def get_burn_rule_in_words(self, version: ProgramVersion) -> str:
        """The burn rule said."""
        return policy.say_rule("burn", version.burn_rule)


class RuleSerializer(serializers.Serializer[Any]):
    """The earn or burn rule of a program's newest version."""

    id = serializers.UUIDField(source="public_id")
    program = serializers.UUIDField(source="program.public_id")
    program_version = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=["earn", "burn"])
    rule = ExactJSONField()
    rule_in_words = serializers.SerializerMethodField()

    def get_rule_in_words(self, row: Any) -> str:
        """The rule said."""
        return policy.say_rule(row.kind, row.rule)


class EarnCapSerializer(serializers.Serializer[Any]):
    """A cap of a program's newest version."""

    id = serializers.UUIDField(source="public_id")
    program = serializers.UUIDField(source="program.public_id")
    program_version = serializers.IntegerField()
    period = serializers.ChoiceField(choices=["day"])
    points_max = serializers.IntegerField()


class ExpiryRuleSerializer(serializers.Serializer[Any]):
    """How long points of a program's newest version last."""

    id = serializers.UUIDField(source="public_id")
    program = serializers.UUIDField(source="program.public_id")
    program_version = serializers.IntegerField()
    expiry_days = serializers.IntegerField()
