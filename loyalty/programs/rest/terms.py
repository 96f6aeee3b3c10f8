"""The terms of a program over HTTP: each part is written whole, and read back under the same names."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, ClassVar

from rest_framework import serializers

from loyalty.foundation.kernel.points import POINTS_MAX
from loyalty.foundation.web.languages import language_in
from loyalty.foundation.web.serializers import AmountField, ExactJSONField, StrictSerializer, WholeNumberField
from loyalty.programs import contracts, policy

RULE_HELP = "A rule in JSONLogic that gives a number; a rule in words stands beside it in answers."
DAYS_MAX = policy.EXPIRY_DAYS_MAX
LIST_MAX = 200


def choice(kinds: type[StrEnum], **options: Any) -> serializers.ChoiceField:
    """Make a field of the values of an enum."""
    return serializers.ChoiceField(choices=[(kind.value, kind.name) for kind in kinds], required=False, **options)


def code_field(**options: Any) -> serializers.CharField:
    """Make a field of a code."""
    return serializers.CharField(**{"max_length": 50, **options})


def codes_field(**options: Any) -> serializers.ListField:
    """Make a field of a list of codes or references."""
    child = serializers.CharField(max_length=100)
    return serializers.ListField(child=child, required=False, max_length=LIST_MAX, **options)


def points_field(least: int = 0, **options: Any) -> WholeNumberField:
    """Make a field of a number of points."""
    return WholeNumberField(min_value=least, max_value=POINTS_MAX, required=False, **options)


def days_field(least: int = 0, **options: Any) -> WholeNumberField:
    """Make a field of a number of days."""
    return WholeNumberField(min_value=least, max_value=DAYS_MAX, required=False, **options)


def exact_field(**options: Any) -> AmountField:
    """Make a field of an exact number that reads back without idle zeros."""
    return AmountField(normalize_output=True, required=False, **options)


class PartField(StrictSerializer):
    """A part of the terms; what was validated is the contract itself, and what was left out takes its default."""

    part: ClassVar[type]

    def to_internal_value(self, data: Any) -> Any:
        """Read the part; what answers add to it may come back and is not looked at."""
        if isinstance(data, Mapping):
            told = {name for name, field in self.fields.items() if field.read_only}
            data = {name: value for name, value in data.items() if name not in told}
        return policy.read_part(self.part, super().to_internal_value(data))


class EarnRuleField(PartField):
    """One way to earn."""

    part = contracts.EarnRulePlan
    code = code_field()
    name = serializers.CharField(max_length=200, required=False, allow_blank=True)
    rule = ExactJSONField(help_text=RULE_HELP)
    rule_in_words = serializers.SerializerMethodField()
    kind = choice(contracts.EarnRuleKind)
    event_type = serializers.CharField(max_length=100, required=False)
    priority = WholeNumberField(
        min_value=0,
        max_value=1000,
        required=False,
        help_text="The lowest number is asked first; of equals by their code.",
    )
    weekdays = serializers.ListField(
        child=WholeNumberField(),
        required=False,
        max_length=7,
        help_text="ISO weekdays, Monday is 1; none is all.",
    )
    hour_from = WholeNumberField(required=False, allow_null=True)
    hour_until = WholeNumberField(required=False, allow_null=True)
    segment_codes = codes_field(help_text="Public ids of segments; a member of any of them.")
    tier_codes = codes_field()
    starts_on = serializers.DateField(required=False, allow_null=True)
    ends_on = serializers.DateField(required=False, allow_null=True)
    wallet = code_field(required=False)
    is_multiplied = serializers.BooleanField(required=False)
    partner_ref = serializers.CharField(max_length=100, required=False, allow_blank=True)
    once_per = choice(contracts.OncePer)

    def get_rule_in_words(self, rule: contracts.EarnRulePlan) -> str:
        """The rule said."""
        return policy.say_earn_rule(rule, language_in(self.context))


class EarnBaseField(PartField):
    """Which part of a purchase earns."""

    part = contracts.EarnBasePlan
    net_of_tax = serializers.BooleanField(required=False)
    net_of_fees = serializers.BooleanField(required=False)
    net_of_points_paid = serializers.BooleanField(required=False)
    excluded_categories = codes_field()
    excluded_products = codes_field()
    excluded_channels = codes_field()


class ActivationField(PartField):
    """When earned points can be spent."""

    part = contracts.ActivationPlan
    kind = choice(contracts.ActivationKind)
    days = days_field(1, allow_null=True)


class CapField(PartField):
    """The most that is earned in a window."""

    part = contracts.CapPlan
    code = code_field()
    period = choice(contracts.CapPeriod)
    scope = choice(contracts.CapScope)
    measure = choice(contracts.CapMeasure)
    limit = AmountField(normalize_output=True)
    rule_code = code_field(required=False, allow_blank=True)
    partner_ref = serializers.CharField(max_length=100, required=False, allow_blank=True)
    tier_codes = codes_field()
    on_reach = choice(contracts.OnReach)


class TierExpiryField(PartField):
    """How long points of members of one tier last instead."""

    part = contracts.TierExpiry
    days = days_field(1, allow_null=True)
    months = days_field(1, allow_null=True)


class ExpiryField(PartField):
    """How long points last."""

    part = contracts.ExpiryPlan
    kind = choice(contracts.ExpiryKind)
    days = days_field(1, allow_null=True)
    months = days_field(1, allow_null=True)
    month_day = serializers.CharField(max_length=5, required=False, allow_blank=True, help_text="MM-DD")
    period = choice(contracts.ExpiryPeriod)
    periods = days_field(1)
    tier_overrides = serializers.DictField(child=TierExpiryField(), required=False)
    warn_days_before = serializers.ListField(child=WholeNumberField(), required=False, max_length=20)
    grace_days_after = days_field()


class BurnField(PartField):
    """How points are spent."""

    part = contracts.BurnPlan
    consumption = choice(contracts.Consumption)
    points_min = points_field(1)
    points_step = points_field(1)
    points_max = points_field(1, allow_null=True)


class TransferField(PartField):
    """Whether and how members give points to each other."""

    part = contracts.TransferPlan
    is_allowed = serializers.BooleanField(required=False)
    points_min = points_field(1)
    points_max = points_field(1, allow_null=True)
    points_daily = points_field(1, allow_null=True)
    points_monthly = points_field(1, allow_null=True)
    fee_percent = exact_field()
    fee_points = points_field()
    counts_for_tier = serializers.BooleanField(required=False)
    account_age_days_min = days_field()


class ReversalField(PartField):
    """What a reversal may take back."""

    part = contracts.ReversalPlan
    clawback = choice(contracts.Clawback)
    reinstate_days = days_field()


class ReasonField(PartField):
    """A reason for adjustments."""

    part = contracts.ReasonPlan
    code = code_field()
    name = serializers.CharField(max_length=200, required=False, allow_blank=True)


class AdjustmentField(PartField):
    """Reasons and limits of adjustments."""

    part = contracts.AdjustmentPlan
    reason_codes = serializers.ListField(child=ReasonField(), required=False, max_length=LIST_MAX)
    points_max_without_approval = points_field(allow_null=True)


class WalletField(PartField):
    """A kind of points."""

    part = contracts.WalletPlan
    code = code_field()
    name = serializers.CharField(max_length=200, required=False, allow_blank=True)
    kind = choice(contracts.WalletKind)
    is_transferable = serializers.BooleanField(required=False)


class TierPolicyField(PartField):
    """How members move through the tiers."""

    part = contracts.TierPolicyPlan
    qualifier = choice(contracts.TierQualifier)
    rule = ExactJSONField(required=False, allow_null=True, help_text=RULE_HELP)
    window = choice(contracts.TierWindow)
    rolling_months = days_field(1, allow_null=True)
    cycle_start = serializers.CharField(max_length=5, required=False, allow_blank=True, help_text="MM-DD")
    cycle_months = days_field(1, allow_null=True)
    effect = choice(contracts.TierEffect)
    downgrade = choice(contracts.TierDowngrade)
    grace_days = days_field()
    validity = choice(contracts.TierValidity)


class ReferralField(PartField):
    """What both sides of a referral get."""

    part = contracts.ReferralPlan
    referrer_points = points_field()
    referee_points = points_field()


class BenefitGrantField(PartField):
    """What a tier grants once on entering."""

    part = contracts.BenefitGrant
    code = code_field()
    kind = choice(contracts.BenefitKind)
    points = points_field()
    is_capped = serializers.BooleanField(required=False, help_text="Whether its points count under the caps.")


class TierField(StrictSerializer):
    """A tier within a program's document."""

    id = serializers.UUIDField(required=False)
    code = code_field(required=False, allow_blank=True)
    name = serializers.CharField(max_length=100)
    min_points = WholeNumberField(min_value=0, max_value=POINTS_MAX)
    multiplier = serializers.DecimalField(max_digits=8, decimal_places=4, required=False, normalize_output=True)
    benefits = serializers.ListField(child=serializers.CharField(max_length=200), required=False, max_length=50)
    priority = WholeNumberField(min_value=0, max_value=1000, required=False)
    color = serializers.CharField(max_length=30, required=False, allow_blank=True)
    benefit_grants = serializers.ListField(child=BenefitGrantField(), required=False, max_length=50)
    is_invitation_only = serializers.BooleanField(required=False)

    def to_internal_value(self, data: Any) -> contracts.TierDocument:
        """Read the tier."""
        return policy.read_part(contracts.TierDocument, {"code": "", **super().to_internal_value(data)})


class TermsFields(serializers.Serializer[Any]):
    """The terms as they are read out of ``document``."""

    tiers = serializers.ListField(child=TierField(), source="document.tiers")
    earn_rule = ExactJSONField(source="document.earn_rule", allow_null=True)
    earn_rule_in_words = serializers.SerializerMethodField()
    burn_rule = ExactJSONField(source="document.burn_rule", allow_null=True)
    burn_rule_in_words = serializers.SerializerMethodField()
    earn_cap_daily = serializers.IntegerField(source="document.earn_cap_daily", allow_null=True)
    expiry_days = serializers.IntegerField(source="document.expiry_days", allow_null=True)
    earn_rules = serializers.ListField(child=EarnRuleField(), source="document.earn_rules")
    stacking = serializers.ChoiceField(
        choices=[(kind.value, kind.name) for kind in contracts.Stacking], source="document.stacking", read_only=True
    )
    earn_base = EarnBaseField(source="document.earn_base")
    activation = ActivationField(source="document.activation")
    caps = serializers.ListField(child=CapField(), source="document.caps")
    expiry = ExpiryField(source="document.expiry")
    burn = BurnField(source="document.burn")
    transfer = TransferField(source="document.transfer")
    reversal = ReversalField(source="document.reversal")
    adjustment = AdjustmentField(source="document.adjustment")
    wallets = serializers.ListField(child=WalletField(), source="document.wallets")
    tier_policy = TierPolicyField(source="document.tier_policy")
    referral = ReferralField(source="document.referral")
    point_value = exact_field(source="document.point_value", allow_null=True)

    def get_earn_rule_in_words(self, shown: Any) -> str:
        """The earn rule said."""
        return policy.say_rule("earn", shown.document.earn_rule, language_in(self.context))

    def get_burn_rule_in_words(self, shown: Any) -> str:
        """The burn rule said."""
        return policy.say_rule("burn", shown.document.burn_rule, language_in(self.context))
