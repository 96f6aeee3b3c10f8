"""What tiers says and takes over HTTP."""

from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from loyalty.foundation.web.serializers import StrictSerializer
from loyalty.tiers.contracts import ManualMode
from loyalty.tiers.models import BenefitGrant, TierChange

NO_MODE = "none"


@extend_schema_field({"oneOf": [{"type": "integer"}, {"type": "string", "format": "decimal"}]})
class QuantityField(serializers.Field[Decimal, Any, Any, Any]):
    """A quantity in the unit of the qualifier: a whole number as it is, any other exactly, as text."""

    def to_representation(self, value: Decimal) -> int | str:
        """Give the quantity."""
        return int(value) if value == int(value) else format(value.normalize(), "f")


class MemberQuery(StrictSerializer):
    """A member, by ``account_id``, or by ``customer_id`` or ``customer_ref`` with ``program_id``."""

    account_id = serializers.UUIDField(required=False)
    customer_id = serializers.UUIDField(required=False)
    customer_ref = serializers.CharField(max_length=100, required=False)
    program_id = serializers.UUIDField(required=False)


class MemberAtQuery(MemberQuery):
    """A member at an instant; ``basis`` is ``occurred`` (by business date, as known today) or ``recorded``."""

    as_of = serializers.DateTimeField(required=False)
    basis = serializers.ChoiceField(choices=["occurred", "recorded"], required=False, default="occurred")


class TierMoveWrite(MemberQuery):
    """A member to move by hand; without ``tier`` to the next one."""

    tier = serializers.CharField(max_length=50, required=False, allow_blank=True, default="")
    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class TierAssignWrite(MemberQuery):
    """A tier to give by hand; ``mode`` none takes the one given by hand off again."""

    tier = serializers.CharField(max_length=50, required=False, allow_blank=True, default="")
    mode = serializers.ChoiceField(choices=[*(mode.value for mode in ManualMode), NO_MODE])
    until = serializers.DateTimeField(required=False, allow_null=True, default=None)
    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class RecalculateWrite(StrictSerializer):
    """A program whose members are to be looked at; ``is_recount`` first counts what nobody has counted yet."""

    program_id = serializers.UUIDField()
    is_recount = serializers.BooleanField(required=False, default=False)


class TierAnswer(serializers.Serializer[Any]):
    """A tier with what it brings."""

    code = serializers.CharField()
    name = serializers.CharField()
    min_points = serializers.IntegerField()
    multiplier = serializers.DecimalField(max_digits=8, decimal_places=4, normalize_output=True)
    benefits = serializers.ListField(child=serializers.CharField())


class ManualTierAnswer(serializers.Serializer[Any]):
    """A tier given by hand."""

    mode = serializers.CharField()
    tier = serializers.CharField(source="tier.code", allow_null=True)
    until = serializers.DateTimeField(allow_null=True)
    reason = serializers.CharField()


class StandingAnswer(serializers.Serializer[Any]):
    """Where a member stands; ``points_to_next`` is in the unit of the qualifier."""

    account_id = serializers.UUIDField()
    customer_id = serializers.UUIDField()
    program_id = serializers.UUIDField()
    points_lifetime = serializers.IntegerField()
    qualifier = serializers.CharField()
    points_qualifying = QuantityField(source="qualifying_value")
    counts_from = serializers.DateField(allow_null=True)
    counts_until = serializers.DateField()
    kept_until = serializers.DateField(allow_null=True)
    tier = TierAnswer(allow_null=True, source="current")
    calculated_tier = TierAnswer(allow_null=True, source="calculated")
    next_tier = TierAnswer(allow_null=True, source="following")
    points_to_next = QuantityField(allow_null=True, source="value_to_next")
    manual = ManualTierAnswer(allow_null=True)


class ProjectionAnswer(serializers.Serializer[Any]):
    """What becomes of a member's tier when nothing more happens; days in the program's zone, ends exclusive."""

    account_id = serializers.UUIDField()
    tier = TierAnswer(allow_null=True)
    projected_tier = TierAnswer(allow_null=True)
    projected_on = serializers.DateField()
    points_qualifying = QuantityField(source="qualifying_value")
    points_to_stay = QuantityField(allow_null=True, source="value_to_stay")
    points_to_next = QuantityField(allow_null=True, source="value_to_next")
    next_tier = TierAnswer(allow_null=True)
    period_starts_at = serializers.DateField(allow_null=True, source="period_start")
    period_ends_at = serializers.DateField(allow_null=True, source="period_end")
    kept_until = serializers.DateField(allow_null=True)
    grace_until = serializers.DateField(allow_null=True)
    manual = ManualTierAnswer(allow_null=True)


class BenefitGrantAnswer(serializers.Serializer[BenefitGrant]):
    """What a tier granted."""

    id = serializers.UUIDField(source="public_id")
    tier = serializers.CharField(source="tier_code")
    code = serializers.CharField(source="benefit_code")
    kind = serializers.CharField()
    points_amount = serializers.IntegerField()
    period_start = serializers.DateField()
    state = serializers.CharField()
    granted_at = serializers.DateTimeField()
    withdrawn_at = serializers.DateTimeField(allow_null=True)
    refusal_code = serializers.CharField()
    transaction_id = serializers.UUIDField(source="transaction_public_id", allow_null=True)


class BenefitsAnswer(serializers.Serializer[Any]):
    """What a member's tier brings, and what tiers granted."""

    account_id = serializers.UUIDField()
    tier = TierAnswer(allow_null=True)
    benefits = serializers.ListField(child=serializers.CharField())
    granted = BenefitGrantAnswer(many=True)


class TierChangeAnswer(serializers.Serializer[TierChange]):
    """One change of a member's tier; a change with ``superseded_at`` was corrected by a late purchase."""

    id = serializers.UUIDField(source="public_id")
    account_id = serializers.UUIDField(source="account_public_id")
    from_tier = serializers.CharField(source="from_code", allow_null=True)
    to_tier = serializers.CharField(source="to_code", allow_null=True)
    direction = serializers.CharField()
    reason = serializers.CharField()
    note = serializers.CharField()
    points_lifetime = serializers.IntegerField()
    actor_ref = serializers.CharField()
    effective_at = serializers.DateTimeField()
    recorded_at = serializers.DateTimeField()
    superseded_at = serializers.DateTimeField(allow_null=True)
    changed_at = serializers.DateTimeField(source="recorded_at")


class TierHistoryPage(serializers.Serializer[Any]):
    """A page of a member's history."""

    count = serializers.IntegerField()
    count_is_exact = serializers.BooleanField()
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = TierChangeAnswer(many=True)
