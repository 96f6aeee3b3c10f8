"""What programs say and take over HTTP."""

from dataclasses import dataclass
from typing import Any

from rest_framework import serializers

from loyalty.foundation.web.languages import language_in
from loyalty.foundation.web.serializers import ExactJSONField, PointsField, StrictSerializer, WholeNumberField
from loyalty.programs import contracts, policy
from loyalty.programs.contracts import Enrollment, ProgramDocument, ProgramStatus
from loyalty.programs.models import Program, ProgramVersion
from loyalty.programs.queries import document_of
from loyalty.programs.rest import terms
from loyalty.programs.rest.terms import LIST_MAX, RULE_HELP, choice, exact_field

# What caps are called that nobody has named.
CAP_NAMES = {"day": contracts.CAP_DAILY, "week": "weekly", "month": "monthly", "year": "yearly"}
EFFECTIVE_HELP = "A future instant: the change becomes a scheduled version. Left out, it counts at once."


@dataclass(frozen=True, slots=True)
class Shown:
    """A program with the version that is shown, and the document of the two."""

    program: Program
    version: ProgramVersion
    document: ProgramDocument


def show(program: Program, version: ProgramVersion) -> Shown:
    """Put together what the answers are read from."""
    return Shown(program, version, document_of(program, version))


class ProgramWrite(StrictSerializer):
    """A program as it is written."""

    name = serializers.CharField(max_length=200)
    code = serializers.CharField(max_length=50, required=False, allow_blank=True)
    description = serializers.CharField(max_length=5000, required=False, allow_blank=True)
    status = choice(ProgramStatus)
    start_date = serializers.DateField(required=False, allow_null=True)
    end_date = serializers.DateField(required=False, allow_null=True)
    currency = serializers.CharField(max_length=3, required=False)
    timezone = serializers.CharField(max_length=64, required=False)
    enrollment = choice(Enrollment)
    tiers = serializers.ListField(child=terms.TierField(), required=False, max_length=policy.TIERS_MAX)
    earn_rule = ExactJSONField(required=False, allow_null=True, help_text=RULE_HELP)
    burn_rule = ExactJSONField(required=False, allow_null=True, help_text=RULE_HELP)
    earn_cap_daily = PointsField(required=False, allow_null=True)
    expiry_days = WholeNumberField(required=False, allow_null=True, min_value=1, max_value=policy.EXPIRY_DAYS_MAX)
    earn_rules = serializers.ListField(child=terms.EarnRuleField(), required=False, max_length=LIST_MAX)
    stacking = choice(contracts.Stacking)
    earn_base = terms.EarnBaseField(required=False)
    activation = terms.ActivationField(required=False)
    caps = serializers.ListField(child=terms.CapField(), required=False, max_length=LIST_MAX)
    expiry = terms.ExpiryField(required=False)
    burn = terms.BurnField(required=False)
    transfer = terms.TransferField(required=False)
    reversal = terms.ReversalField(required=False)
    adjustment = terms.AdjustmentField(required=False)
    wallets = serializers.ListField(child=terms.WalletField(), required=False, max_length=LIST_MAX)
    tier_policy = terms.TierPolicyField(required=False)
    referral = terms.ReferralField(required=False)
    point_value = exact_field(allow_null=True)

    def changes(self) -> dict[str, Any]:
        """Give what was written, in the types of ``ProgramDocument``."""
        given: dict[str, Any] = dict(self.validated_data)
        for name in ("tiers", "earn_rules", "caps", "wallets"):
            if name in given:
                given[name] = tuple(given[name])
        kinds = {"status": ProgramStatus, "enrollment": Enrollment, "stacking": contracts.Stacking}
        return {name: kinds[name](value) if name in kinds else value for name, value in given.items()}

    def document(self) -> ProgramDocument:
        """Give the whole document; what was left out takes its default."""
        return policy.complete(ProgramDocument(**self.changes()))


class ProgramPut(ProgramWrite):
    """A program as it is written anew, at once or from an instant on."""

    effective_at = serializers.DateTimeField(required=False, help_text=EFFECTIVE_HELP)

    def changes(self) -> dict[str, Any]:
        """Give what was written, but not from when on."""
        return {name: value for name, value in super().changes().items() if name != "effective_at"}


class ProgramPatch(ProgramPut):
    """Some fields of a program; each one is written whole."""

    name = serializers.CharField(max_length=200, required=False)


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
    benefit_grants = ExactJSONField()
    is_invitation_only = serializers.BooleanField()


class ProgramSerializer(terms.TermsFields):
    """A program, whole, as the console reads and writes it; its terms are those in effect."""

    id = serializers.UUIDField(source="program.public_id")
    code = serializers.CharField(source="program.code")
    name = serializers.CharField(source="program.name")
    description = serializers.CharField(source="program.description")
    status = serializers.CharField(source="program.status")
    start_date = serializers.DateField(source="program.start_date", allow_null=True)
    end_date = serializers.DateField(source="program.end_date", allow_null=True)
    currency = serializers.CharField(source="program.currency")
    timezone = serializers.CharField(source="program.timezone")
    enrollment = serializers.CharField(source="program.enrollment")
    member_count = serializers.IntegerField(source="program.member_count")
    version = serializers.IntegerField(source="program.version")
    program_version = serializers.IntegerField(source="version.number", help_text="The version in effect.")
    created_at = serializers.DateTimeField(source="program.created_at")
    updated_at = serializers.DateTimeField(source="program.updated_at")

    def to_representation(self, instance: Program) -> dict[str, Any]:
        """Show a program by its version in effect, which the view hands over."""
        return super().to_representation(show(instance, self.context["versions"][instance.pk]))


class VersionSerializer(terms.TermsFields):
    """A version, whole: what the program promises from an instant on."""

    id = serializers.UUIDField(source="version.public_id")
    number = serializers.IntegerField(source="version.number")
    starts_at = serializers.DateTimeField(source="version.starts_at")
    used_at = serializers.DateTimeField(source="version.used_at", allow_null=True, help_text="Null until it counts.")
    status = serializers.CharField(help_text="current, scheduled or past")
    changed = serializers.ListField(
        child=serializers.CharField(), help_text="Fields that differ from the version that it follows."
    )
    recorded_at = serializers.DateTimeField(source="version.created_at")


class DifferenceSerializer(serializers.Serializer[Any]):
    """One difference between two versions."""

    path = serializers.CharField(help_text="The place, with codes instead of positions: caps.daily.limit")
    before = ExactJSONField(allow_null=True)
    after = ExactJSONField(allow_null=True)
    words = serializers.CharField()


class DiffAnswer(serializers.Serializer[Any]):
    """What two versions promise differently."""

    from_number = serializers.IntegerField()
    to_number = serializers.IntegerField()
    changes = DifferenceSerializer(many=True)

    def get_fields(self) -> dict[str, Any]:
        """Call the two versions what the query calls them; ``from`` is no name in Python."""
        fields: dict[str, Any] = dict(super().get_fields())
        return {
            "from": serializers.IntegerField(source="from_number"),
            "to": serializers.IntegerField(source="to_number"),
            "changes": fields["changes"],
        }


class DiffQuery(StrictSerializer):
    """Which two versions to compare."""

    def get_fields(self) -> dict[str, Any]:
        """``from`` is no name in Python."""
        return {name: serializers.IntegerField(min_value=1) for name in ("from", "to")}


class RuleSerializer(serializers.Serializer[Any]):
    """A way to earn, or the burn rule, of a program's version in effect."""

    id = serializers.UUIDField(source="public_id")
    program = serializers.UUIDField(source="program.public_id")
    program_version = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=["earn", "burn"])
    code = serializers.CharField()
    name = serializers.CharField()
    rule = ExactJSONField()
    rule_in_words = serializers.SerializerMethodField()
    details = ExactJSONField(help_text="The whole way to earn; empty for the burn rule.")

    def get_rule_in_words(self, row: Any) -> str:
        """The rule said."""
        if row.kind == "burn":
            return policy.say_rule("burn", row.rule, language_in(self.context))
        return policy.say_earn_rule(policy.read_part(contracts.EarnRulePlan, row.details), language_in(self.context))


class EarnCapSerializer(serializers.Serializer[Any]):
    """A cap of a program's version in effect."""

    id = serializers.UUIDField(source="public_id")
    program = serializers.UUIDField(source="program.public_id")
    program_version = serializers.IntegerField()
    code = serializers.CharField()
    period = serializers.CharField()
    scope = serializers.CharField()
    measure = serializers.CharField()
    limit = serializers.DecimalField(max_digits=26, decimal_places=6, normalize_output=True)
    points_max = serializers.IntegerField(allow_null=True, help_text="The limit of a cap that counts points.")
    rule_code = serializers.CharField()
    partner_ref = serializers.CharField()
    tier_codes = serializers.ListField(child=serializers.CharField())
    on_reach = serializers.CharField()


class EarnCapWrite(terms.CapField):
    """A cap to add to a program; without a code it is called by its scope and period, a member's day ``daily``."""

    program = serializers.UUIDField()
    code = serializers.CharField(max_length=50, required=False)
    effective_at = serializers.DateTimeField(required=False, help_text=EFFECTIVE_HELP)

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """Read the cap, the program that it is for, and from when on."""
        read: dict[str, Any] = StrictSerializer.to_internal_value(self, data)
        program, effective_at = read.pop("program"), read.pop("effective_at", None)
        scope, period = read.get("scope", "member"), read.get("period", "day")
        name = CAP_NAMES.get(period, period)
        read.setdefault("code", name if scope == "member" else f"{scope}_{name}")
        return {"program": program, "effective_at": effective_at, "cap": policy.read_part(contracts.CapPlan, read)}


class ExpiryRuleSerializer(serializers.Serializer[Any]):
    """How long points of a program's version in effect last."""

    id = serializers.UUIDField(source="public_id")
    program = serializers.UUIDField(source="program.public_id")
    program_version = serializers.IntegerField()
    kind = serializers.CharField()
    expiry_days = serializers.IntegerField(allow_null=True, help_text="The days of an expiry by age.")
    details = ExactJSONField(help_text="The whole rule, as the program's document has it under expiry.")


class LeaveWrite(StrictSerializer):
    """Who leaves, and why."""

    customer_id = serializers.UUIDField()
    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class MembershipSerializer(serializers.Serializer[Any]):
    """A customer in a program."""

    program = serializers.UUIDField(source="program_id")
    customer_id = serializers.UUIDField()
    account_id = serializers.UUIDField()
    tier_code = serializers.CharField(allow_null=True)
    tier_name = serializers.CharField(allow_null=True)
    tier_mode = serializers.CharField(help_text="Empty when the tier follows the points; else floor, pin or one_off.")
    tier_until_at = serializers.DateTimeField(allow_null=True)
    enrolled_at = serializers.DateTimeField()
    left_at = serializers.DateTimeField(allow_null=True)


class ExpiryRuleWrite(terms.ExpiryField):
    """How long points of a program last from now on, or from a future instant."""

    program = serializers.UUIDField()
    effective_at = serializers.DateTimeField(required=False, help_text=EFFECTIVE_HELP)

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """Read the rule, the program that it is for, and from when on."""
        read: dict[str, Any] = StrictSerializer.to_internal_value(self, data)
        program, effective_at = read.pop("program"), read.pop("effective_at", None)
        expiry = policy.read_part(contracts.ExpiryPlan, read)
        return {"program": program, "effective_at": effective_at, "expiry": expiry}


class ScheduledChange(serializers.Serializer[Any]):
    """A change that begins later: in which version of the program, and when."""

    program = serializers.UUIDField()
    program_version = serializers.IntegerField(allow_null=True, help_text="Null when it changes nothing.")
    effective_at = serializers.DateTimeField()
