"""A purchase in plain Django ORM: program, tier, rules and caps read as objects, decided in Python, posted, audited.

What the platform's own address does for a purchase, as a team would write it first: the rule of the program, the tier's
multiplier, the cap of the day, the posting of ``ledger.earn``, the trace kept with it, and an audit row.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from django.db import models, transaction

from benchmarks.naive import ledger

CAP_POINTS_MAX = 1_000_000


class NaiveProgram(models.Model):
    """What is promised."""

    code = models.TextField(unique=True)
    status = models.TextField()
    currency = models.TextField()
    starts_at = models.DateTimeField()

    class Meta:
        app_label = "naive"


class NaiveTier(models.Model):
    """A step of the ladder."""

    program = models.ForeignKey(NaiveProgram, on_delete=models.PROTECT, related_name="+")
    code = models.TextField()
    multiplier = models.DecimalField(max_digits=8, decimal_places=4)

    class Meta:
        app_label = "naive"


class NaiveRule(models.Model):
    """A way to earn: so many points for each unit of money."""

    program = models.ForeignKey(NaiveProgram, on_delete=models.PROTECT, related_name="+")
    event_type = models.TextField()
    points_per_unit = models.DecimalField(max_digits=12, decimal_places=6)
    priority = models.IntegerField()

    class Meta:
        app_label = "naive"


class NaiveCap(models.Model):
    """The most per day."""

    program = models.ForeignKey(NaiveProgram, on_delete=models.PROTECT, related_name="+")
    code = models.TextField()
    points_max = models.BigIntegerField()

    class Meta:
        app_label = "naive"


class NaiveMember(models.Model):
    """Who takes part, with the tier held."""

    account_id = models.UUIDField(unique=True)
    program = models.ForeignKey(NaiveProgram, on_delete=models.PROTECT, related_name="+")
    tier = models.ForeignKey(NaiveTier, on_delete=models.PROTECT, related_name="+")
    status = models.TextField()

    class Meta:
        app_label = "naive"


class NaiveAudit(models.Model):
    """Who did what."""

    public_id = models.UUIDField(unique=True)
    at = models.DateTimeField()
    actor = models.TextField()
    act = models.TextField()
    subject_ref = models.TextField()
    after = models.JSONField()

    class Meta:
        app_label = "naive"
        indexes = [models.Index(fields=["subject_ref"], name="naive_audit_subject")]


MODELS = (NaiveProgram, NaiveTier, NaiveRule, NaiveCap, NaiveMember, NaiveAudit)


class Refused(Exception):
    """The purchase cannot be taken."""


@dataclass(frozen=True)
class Earned:
    """The answer."""

    points: int
    balance: int
    tier: str
    trace: dict[str, Any]


@transaction.atomic
def earn(account_id: uuid.UUID, amount: Decimal, currency: str, *, key: str, actor: str, now: datetime) -> Earned:
    """Earn for a purchase as the program says.

    :raises Refused: program or member are not active, or the currency is another.
    """
    member = NaiveMember.objects.select_related("program", "tier").get(account_id=account_id)
    program = member.program
    if program.status != "ACTIVE" or member.status != "ACTIVE" or program.currency != currency:
        raise Refused
    exact, asked = Decimal(0), []
    for rule in NaiveRule.objects.filter(program=program, event_type="customer.purchase").order_by("priority"):
        value = amount * rule.points_per_unit
        asked.append({"rule": rule.pk, "value": str(value)})
        exact += value
    points = int((exact * member.tier.multiplier).to_integral_value(ROUND_FLOOR))
    cap = NaiveCap.objects.get(program=program, code="daily")
    trace = {
        "amount": str(amount), "rules": asked, "multiplier": str(member.tier.multiplier),
        "points_before_caps": points, "cap": {"code": cap.code, "points_max": cap.points_max},
    }  # fmt: skip
    balance = ledger.earn(account_id, points, key, cap.points_max, now.date(), now, trace)
    NaiveAudit.objects.create(
        public_id=uuid.uuid4(), at=now, actor=actor, act="points.earn", subject_ref=str(account_id),
        after={"points_amount": points, "points_balance": balance},
    )  # fmt: skip
    return Earned(points, balance, member.tier.code, trace)


def enroll(account_ids: list[str], now: datetime) -> None:
    """Make the program and its members."""
    program = NaiveProgram.objects.create(code="bench", status="ACTIVE", currency="USD", starts_at=now)
    tier = NaiveTier.objects.create(program=program, code="base", multiplier=Decimal(1))
    NaiveRule.objects.create(
        program=program, event_type="customer.purchase", points_per_unit=Decimal("0.1"), priority=1
    )
    NaiveCap.objects.create(program=program, code="daily", points_max=CAP_POINTS_MAX)
    NaiveMember.objects.bulk_create(
        [NaiveMember(account_id=one, program=program, tier=tier, status="ACTIVE") for one in account_ids]
    )
    ledger.NaiveBalance.objects.bulk_create(
        [ledger.NaiveBalance(account_id=one) for one in account_ids], ignore_conflicts=True
    )
