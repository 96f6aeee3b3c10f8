"""What points takes over HTTP."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from rest_framework import serializers

from loyalty.foundation.kernel.exact_json import dumps_exact
from loyalty.foundation.kernel.points import POINTS_MAX
from loyalty.foundation.web.serializers import (
    AmountField,
    ExactJSONField,
    PointsField,
    StrictSerializer,
    WholeNumberField,
)
from loyalty.points.contracts import EarnReceipt, MemberRef
from loyalty.programs.api import EVENT_PURCHASE, EXPIRY_DAYS_MAX

AMOUNT_MIN = Decimal("0.000001")
# A context is a handful of facts about a purchase, not a document store.
CONTEXT_BYTES_MAX = 8_000
BATCH_ITEMS_MAX = 500
SEGMENTS_MAX = 200


class ContextField(ExactJSONField):
    """A JSON object of facts about a purchase or a redemption, for example channel and product_category."""

    def to_internal_value(self, data: Any) -> Any:
        """Read the object."""
        value = super().to_internal_value(data)
        if not isinstance(value, dict):
            raise serializers.ValidationError("Give a JSON object.", code="invalid")
        if len(dumps_exact(value)) > CONTEXT_BYTES_MAX:
            raise serializers.ValidationError(f"At most {CONTEXT_BYTES_MAX} bytes.", code="too_large")
        return value


class MemberNamed(StrictSerializer):
    """A member, by ``account_id``, or by ``customer_id`` or ``customer_ref`` with ``program_id``."""

    account_id = serializers.UUIDField(required=False)
    customer_id = serializers.UUIDField(required=False)
    customer_ref = serializers.CharField(max_length=100, required=False)
    program_id = serializers.UUIDField(required=False)

    @staticmethod
    def member(given: dict[str, Any]) -> MemberRef:
        """Give the reference."""
        names = ("account_id", "customer_id", "customer_ref", "program_id")
        return MemberRef(**{name: given[name] for name in names if name in given})


class EarnWrite(MemberNamed):
    """A purchase that earns, points given directly, or another event that a rule of the program names."""

    transaction_amount = AmountField(required=False, min_value=AMOUNT_MIN)
    points = PointsField(required=False)
    wallet = serializers.CharField(
        max_length=50, required=False, help_text="Where points given directly go; the main wallet when left out."
    )
    event_type = serializers.CharField(
        max_length=100, required=False, help_text="Another event than a purchase; it needs no amount."
    )
    currency = serializers.CharField(max_length=3, required=False)
    transaction_context = ContextField(required=False)
    occurred_at = serializers.DateTimeField(required=False)
    idempotency_key = serializers.CharField(max_length=200, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Take one of an amount, points and an event; an event may have an amount too."""
        is_event = attrs.get("event_type", EVENT_PURCHASE) != EVENT_PURCHASE
        if is_event and "points" in attrs:
            raise serializers.ValidationError({"event_type": ["Points given directly have no event."]}, code="invalid")
        if not is_event and ("transaction_amount" in attrs) == ("points" in attrs):
            problem = "Give transaction_amount for a purchase, or points without one."
            raise serializers.ValidationError({"transaction_amount": [problem]}, code="invalid")
        if "wallet" in attrs and "points" not in attrs:
            raise serializers.ValidationError({"wallet": ["The rules say where a purchase earns."]}, code="invalid")
        return attrs


# One for all requests: making its fields anew would cost more than reading the request with them, and reading keeps
# nothing in them.
_EARN = EarnWrite()


def read_earn(sent: Any) -> dict[str, Any]:
    """Read a purchase, points given directly or another event.

    :raises ValidationError: with what is wrong, field by field.
    """
    if not isinstance(sent, dict):
        body = EarnWrite(data=sent)
        body.is_valid(raise_exception=True)
        return dict(body.validated_data)
    return dict(_EARN.run_validation(sent))


class EarnItem(EarnWrite):
    """One purchase of a batch."""


class EarnBatchWrite(StrictSerializer):
    """Purchases of a batch; each may bring its own key, else it is the batch's key and its place."""

    items = serializers.ListField(child=EarnItem(), min_length=1, max_length=BATCH_ITEMS_MAX)
    idempotency_key = serializers.CharField(max_length=150, required=False)


class BurnWrite(MemberNamed):
    """Points to redeem; with ``pool_id`` those of a household, on behalf of the customer named."""

    points = PointsField()
    pool_id = serializers.UUIDField(required=False)
    transaction_context = ContextField(required=False)
    occurred_at = serializers.DateTimeField(required=False)
    idempotency_key = serializers.CharField(max_length=200, required=False)


class TransactionWrite(StrictSerializer):
    """A transaction to post: its kind, and what the verb of that kind takes."""

    kind = serializers.ChoiceField(choices=["earn", "burn", "transfer", "adjust", "reverse"])
    account_id = serializers.UUIDField(required=False)
    customer_id = serializers.UUIDField(required=False)
    customer_ref = serializers.CharField(max_length=100, required=False)
    program_id = serializers.UUIDField(required=False)
    transaction_amount = AmountField(required=False, min_value=AMOUNT_MIN)
    # An adjustment takes points with a minus.
    points = WholeNumberField(required=False, min_value=-POINTS_MAX, max_value=POINTS_MAX)
    wallet = serializers.CharField(max_length=50, required=False)
    event_type = serializers.CharField(max_length=100, required=False)
    currency = serializers.CharField(max_length=3, required=False)
    transaction_context = ContextField(required=False)
    occurred_at = serializers.DateTimeField(required=False)
    transaction_id = serializers.UUIDField(required=False)
    pool_id = serializers.UUIDField(required=False)
    from_account_id = serializers.UUIDField(required=False)
    to_account_id = serializers.UUIDField(required=False)
    reason_code = serializers.CharField(max_length=50, required=False)
    expires_on = serializers.DateField(required=False)
    lines = serializers.ListField(child=serializers.DictField(), required=False)
    reason = serializers.CharField(max_length=500, required=False, allow_blank=True)
    idempotency_key = serializers.CharField(max_length=200, required=False)


class EnrollWrite(StrictSerializer):
    """A customer to take into a program."""

    customer_id = serializers.UUIDField(required=False)
    customer_ref = serializers.CharField(max_length=100, required=False)
    program_id = serializers.UUIDField()


def check_imaginable(at: datetime) -> None:
    """Refuse instants at the ends of the calendar, which have no local time in every zone."""
    if not 1970 <= at.year <= 2200:
        raise serializers.ValidationError("Give an instant between 1970 and 2200.", code="out_of_range")


class SimulateWrite(StrictSerializer):
    """A sample purchase or event, who makes it, and what to try instead of what the program promises.

    Terms of the program stand flat beside the purchase, in the shapes in which a program is written, or in ``program``,
    which may be a whole document; what stands flat goes first.
    """

    program = serializers.DictField(
        required=False, help_text="A program's document to try, whole or in parts, as it is read and written."
    )
    transaction_amount = AmountField(required=False, min_value=AMOUNT_MIN)
    currency = serializers.CharField(max_length=3, required=False, default="", allow_blank=True)
    event_type = serializers.CharField(max_length=100, required=False, default=EVENT_PURCHASE)
    transaction_context = ContextField(required=False, default=dict)
    occurred_at = serializers.DateTimeField(required=False, validators=[check_imaginable])
    account_id = serializers.UUIDField(required=False)
    customer_id = serializers.UUIDField(required=False)
    customer_ref = serializers.CharField(max_length=100, required=False)
    tier_code = serializers.CharField(max_length=50, required=False)
    points_lifetime = WholeNumberField(required=False, min_value=0, max_value=POINTS_MAX)
    segment_codes = serializers.ListField(
        child=serializers.CharField(max_length=100), required=False, max_length=SEGMENTS_MAX
    )
    program_version = WholeNumberField(
        required=False, min_value=1, max_value=10**6, help_text="Another version than that of the day."
    )
    points_to_burn = PointsField(required=False)
    earn_rule = ExactJSONField(required=False, allow_null=True)
    burn_rule = ExactJSONField(required=False, allow_null=True)
    earn_cap_daily = PointsField(required=False, allow_null=True)
    expiry_days = WholeNumberField(required=False, allow_null=True, min_value=1, max_value=EXPIRY_DAYS_MAX)
    tiers = ExactJSONField(required=False)
    earn_rules = ExactJSONField(required=False)
    stacking = ExactJSONField(required=False)
    earn_base = ExactJSONField(required=False)
    activation = ExactJSONField(required=False)
    caps = ExactJSONField(required=False)
    expiry = ExactJSONField(required=False)
    burn = ExactJSONField(required=False)
    transfer = ExactJSONField(required=False)
    reversal = ExactJSONField(required=False)
    adjustment = ExactJSONField(required=False)
    wallets = ExactJSONField(required=False)
    tier_policy = ExactJSONField(required=False)
    referral = ExactJSONField(required=False)
    point_value = ExactJSONField(required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """A purchase has an amount."""
        if attrs["event_type"] == EVENT_PURCHASE and "transaction_amount" not in attrs:
            raise serializers.ValidationError({"transaction_amount": ["A purchase has an amount."]}, code="required")
        return attrs


class NoBody(StrictSerializer):
    """Nothing to say."""


class TierNamed(serializers.Serializer[Any]):
    """A tier by code and name."""

    code = serializers.CharField()
    name = serializers.CharField()


class WalletEarned(serializers.Serializer[Any]):
    """What went into a wallet beside the main one."""

    wallet = serializers.CharField()
    transaction_id = serializers.UUIDField()
    account_id = serializers.UUIDField()
    points_amount = serializers.IntegerField()
    points_balance = serializers.IntegerField()
    points_lost_to_caps = serializers.IntegerField()
    expires_at = serializers.DateTimeField(allow_null=True)


class EarnAnswer(serializers.Serializer[Any]):
    """What was earned; no ``transaction_id`` means nothing was, and the trace tells why.

    Pending points are in no balance until ``activates_at``, or until somebody confirms them.
    """

    transaction_id = serializers.UUIDField(allow_null=True)
    account_id = serializers.UUIDField()
    customer_id = serializers.UUIDField()
    program_id = serializers.UUIDField()
    wallet = serializers.CharField()
    points_amount = serializers.IntegerField()
    points_balance = serializers.IntegerField()
    points_lost_to_caps = serializers.IntegerField()
    is_pending = serializers.BooleanField()
    activates_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)
    spendable_until = serializers.DateTimeField(allow_null=True)
    tier = TierNamed(allow_null=True)
    other_wallets = WalletEarned(many=True)
    trace = serializers.DictField()


def earn_answer(receipt: EarnReceipt) -> dict[str, Any]:
    """Give what ``EarnAnswer`` describes; written by hand, because this is the answer that is given most often."""
    return {
        "transaction_id": receipt.transaction_id,
        "account_id": receipt.account_id,
        "customer_id": receipt.customer_id,
        "program_id": receipt.program_id,
        "wallet": receipt.wallet,
        "points_amount": receipt.points_amount,
        "points_balance": receipt.points_balance,
        "points_lost_to_caps": receipt.points_lost_to_caps,
        "is_pending": receipt.is_pending,
        "activates_at": _instant(receipt.activates_at),
        "expires_at": _instant(receipt.expires_at),
        "spendable_until": _instant(receipt.spendable_until),
        "tier": receipt.tier,
        "other_wallets": [
            {
                "wallet": one.wallet,
                "transaction_id": one.transaction_id,
                "account_id": one.account_id,
                "points_amount": one.points_amount,
                "points_balance": one.points_balance,
                "points_lost_to_caps": one.points_lost_to_caps,
                "expires_at": _instant(one.expires_at),
            }
            for one in receipt.other_wallets
        ],
        "trace": receipt.trace,
    }


def _instant(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


class EarnBatchResult(serializers.Serializer[Any]):
    """What one purchase of a batch earned, or why it was refused."""

    index = serializers.IntegerField()
    transaction_id = serializers.UUIDField(allow_null=True)
    account_id = serializers.UUIDField(allow_null=True)
    points_amount = serializers.IntegerField()
    points_balance = serializers.IntegerField(allow_null=True)
    code = serializers.CharField()
    message = serializers.CharField()
    facts = serializers.DictField(help_text="The figures that a single call would tell with its refusal.")


class EarnBatchAnswer(serializers.Serializer[Any]):
    """What a batch earned."""

    earned = serializers.IntegerField()
    nothing = serializers.IntegerField()
    refused = serializers.IntegerField()
    points_amount = serializers.IntegerField()
    results = EarnBatchResult(many=True)


class MoneyAnswer(serializers.Serializer[Any]):
    """An amount of money."""

    amount = serializers.CharField()
    currency = serializers.CharField()


class BurnAnswer(serializers.Serializer[Any]):
    """What was redeemed and what it is worth."""

    transaction_id = serializers.UUIDField()
    account_id = serializers.UUIDField()
    points_amount = serializers.IntegerField()
    points_balance = serializers.IntegerField()
    value = MoneyAnswer()


class ExpiryAnswer(serializers.Serializer[Any]):
    """What expired."""

    lots_expired = serializers.IntegerField()
    points_expired = serializers.IntegerField()
    accounts_touched = serializers.IntegerField()
    is_complete = serializers.BooleanField()


class DiscrepancyAnswer(serializers.Serializer[Any]):
    """Two figures that should be equal."""

    code = serializers.CharField()
    expected = serializers.IntegerField()
    found = serializers.IntegerField()


class ReconciliationAnswer(serializers.Serializer[Any]):
    """A balance beside the sums that make it."""

    account_id = serializers.UUIDField()
    is_balanced = serializers.BooleanField()
    balance = serializers.IntegerField(source="points_balance")
    sum_of_entries = serializers.IntegerField()
    sum_of_lots = serializers.IntegerField()
    discrepancies = DiscrepancyAnswer(many=True)


class TotalsAnswer(serializers.Serializer[Any]):
    """Totals of the ledger."""

    issued = serializers.IntegerField(source="points_issued")
    redeemed = serializers.IntegerField(source="points_redeemed")
    expired = serializers.IntegerField(source="points_expired")
    adjusted = serializers.IntegerField(source="points_adjusted")
    outstanding = serializers.IntegerField(source="points_outstanding")


class SimulatedWalletAnswer(serializers.Serializer[Any]):
    """What would go into one wallet."""

    wallet = serializers.CharField()
    points_amount = serializers.IntegerField()
    points_lost_to_caps = serializers.IntegerField()
    expires_at = serializers.DateTimeField(allow_null=True)
    spendable_until = serializers.DateTimeField(allow_null=True)
    is_pending = serializers.BooleanField()
    activates_at = serializers.DateTimeField(allow_null=True)
    trace = serializers.DictField()


class SimulationAnswer(serializers.Serializer[Any]):
    """What a sample purchase would earn; the figures on top are those of the main wallet."""

    points_amount = serializers.IntegerField()
    points_lost_to_caps = serializers.IntegerField()
    is_pending = serializers.BooleanField()
    activates_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)
    spendable_until = serializers.DateTimeField(allow_null=True)
    tier_code = serializers.CharField(allow_null=True)
    tier_code_after = serializers.CharField(allow_null=True)
    value = MoneyAnswer(allow_null=True)
    wallets = SimulatedWalletAnswer(many=True)
    trace = serializers.DictField()
