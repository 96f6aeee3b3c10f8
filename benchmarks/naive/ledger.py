"""An earn in plain Django ORM: the same facts in the same kinds of tables, one object at a time."""

import hashlib
import uuid
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, models, transaction


class NaiveBalance(models.Model):
    """One account and its balance."""

    account_id = models.UUIDField(unique=True)
    points = models.BigIntegerField(default=0)
    lifetime_points_earned = models.BigIntegerField(default=0)
    last_sequence = models.BigIntegerField(default=0)

    class Meta:
        app_label = "naive"


class NaiveTransaction(models.Model):
    """Header and idempotency record."""

    public_id = models.UUIDField(unique=True)
    scope = models.TextField()
    key = models.TextField()
    kind = models.TextField()
    balance = models.ForeignKey(NaiveBalance, on_delete=models.PROTECT, related_name="+")
    request_hash = models.BinaryField(default=b"")
    occurred_at = models.DateTimeField()
    context = models.JSONField(null=True)

    class Meta:
        app_label = "naive"
        constraints = [models.UniqueConstraint(fields=["scope", "key"], name="naive_once")]


class NaiveEntry(models.Model):
    """One leg."""

    transaction = models.ForeignKey(NaiveTransaction, on_delete=models.PROTECT, related_name="+")
    balance = models.ForeignKey(NaiveBalance, on_delete=models.PROTECT, related_name="+", null=True)
    points_change = models.BigIntegerField()
    sequence = models.BigIntegerField(null=True)
    balance_after = models.BigIntegerField(null=True)

    class Meta:
        app_label = "naive"


class NaiveLot(models.Model):
    """Points earned together."""

    transaction = models.ForeignKey(NaiveTransaction, on_delete=models.PROTECT, related_name="+")
    balance = models.ForeignKey(NaiveBalance, on_delete=models.PROTECT, related_name="+")
    expires_at = models.DateTimeField(null=True)
    points_original = models.BigIntegerField()
    points_remaining = models.BigIntegerField()

    class Meta:
        app_label = "naive"
        indexes = [models.Index(fields=["balance", "expires_at"], name="naive_lot_order")]


class NaiveCapUsage(models.Model):
    """How much of a cap is used."""

    balance = models.ForeignKey(NaiveBalance, on_delete=models.PROTECT, related_name="+")
    cap_ref = models.TextField()
    window_start = models.DateField()
    points_used = models.BigIntegerField(default=0)

    class Meta:
        app_label = "naive"
        constraints = [models.UniqueConstraint(fields=["balance", "cap_ref", "window_start"], name="naive_cap")]


class NaiveEvent(models.Model):
    """An outbox row."""

    event_id = models.UUIDField()
    type = models.TextField()
    key = models.TextField()
    data = models.JSONField()
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "naive"


MODELS = (NaiveBalance, NaiveTransaction, NaiveEntry, NaiveLot, NaiveCapUsage, NaiveEvent)


def create_tables(models_wanted: Sequence[type[models.Model]] = MODELS) -> None:
    """Make the tables."""
    with connection.schema_editor() as editor:
        for model in models_wanted:
            editor.create_model(model)


class KeyReused(Exception):
    """The key was used for another request."""


@transaction.atomic
def earn(
    account_id: uuid.UUID,
    points: int,
    key: str,
    cap_points_max: int,
    window: date,
    now: datetime,
    context: dict[str, Any] | None = None,
) -> int:
    """Earn points under a daily cap; give the balance.

    :raises KeyReused: the key was used for another request.
    """
    request_hash = hashlib.sha256(f"{account_id} {points}".encode()).digest()
    balance = NaiveBalance.objects.get(account_id=account_id)
    header, created = NaiveTransaction.objects.get_or_create(
        scope="bench",
        key=key,
        defaults={
            "public_id": uuid.uuid4(), "kind": "earn", "balance": balance, "occurred_at": now,
            "request_hash": request_hash, "context": context or {"a": 1},
        },
    )  # fmt: skip
    if not created:
        if bytes(header.request_hash) != request_hash:
            raise KeyReused
        return int(NaiveEntry.objects.get(transaction=header, balance=balance).balance_after or 0)
    NaiveCapUsage.objects.get_or_create(balance=balance, cap_ref="daily", window_start=window)
    usage = NaiveCapUsage.objects.select_for_update().get(balance=balance, cap_ref="daily", window_start=window)
    granted = max(0, min(points, cap_points_max - usage.points_used))
    usage.points_used += granted
    usage.save()
    balance = NaiveBalance.objects.select_for_update().get(pk=balance.pk)
    balance.points += granted
    balance.lifetime_points_earned += granted
    balance.last_sequence += 1
    balance.save()
    NaiveLot.objects.create(
        transaction=header, balance=balance, expires_at=now + timedelta(days=365),
        points_original=granted, points_remaining=granted,
    )  # fmt: skip
    NaiveEntry.objects.create(
        transaction=header, balance=balance, points_change=granted,
        sequence=balance.last_sequence, balance_after=balance.points,
    )  # fmt: skip
    NaiveEntry.objects.create(transaction=header, points_change=-granted)
    NaiveEvent.objects.create(
        event_id=header.public_id, type="points.earned", key=str(account_id),
        data={"points_amount": granted, "points_balance": balance.points},
    )  # fmt: skip
    return int(balance.points)


def give_points(account_ids: Sequence[uuid.UUID], points: int) -> None:
    """Give accounts a balance to transfer from."""
    NaiveBalance.objects.filter(account_id__in=account_ids).update(points=points)


@transaction.atomic
def transfer(from_id: uuid.UUID, to_id: uuid.UUID, points: int, key: str, now: datetime) -> int:
    """Transfer points, without lots; give the sender's balance."""
    first, second = sorted((from_id, to_id))
    locked = {
        one.account_id: one
        for one in NaiveBalance.objects.select_for_update()
        .filter(account_id__in=(first, second))
        .order_by("account_id")
    }
    sender, receiver = locked[from_id], locked[to_id]
    header, created = NaiveTransaction.objects.get_or_create(
        scope="bench", key=key,
        defaults={"public_id": uuid.uuid4(), "kind": "transfer", "balance": sender, "occurred_at": now},
    )  # fmt: skip
    if not created:
        return int(NaiveEntry.objects.get(transaction=header, balance=sender).balance_after or 0)
    for balance, change in ((sender, -points), (receiver, points)):
        balance.points += change
        balance.last_sequence += 1
        balance.save()
        NaiveEntry.objects.create(
            transaction=header, balance=balance, points_change=change,
            sequence=balance.last_sequence, balance_after=balance.points,
        )  # fmt: skip
    NaiveEvent.objects.create(
        event_id=header.public_id, type="points.transferred", key=str(from_id), data={"points_amount": points}
    )
    return int(sender.points)
