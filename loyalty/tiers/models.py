"""The history of tiers."""

from django.contrib.postgres.functions import RandomUUID
from django.db import models

from loyalty.tiers.contracts import Direction, Reason


class TierChange(models.Model):
    """One change of one member's tier; written by ``sql/tiers.sql`` together with the change and its event."""

    id = models.BigAutoField(primary_key=True)
    public_id = models.UUIDField(unique=True, db_default=RandomUUID())
    customer_public_id = models.UUIDField()
    account_public_id = models.UUIDField()
    program_public_id = models.UUIDField()
    from_code = models.CharField(max_length=50, null=True)
    to_code = models.CharField(max_length=50, null=True)
    direction = models.CharField(max_length=5, choices=[(one.value, one.value) for one in Direction])
    reason = models.CharField(max_length=20, choices=[(one.value, one.value) for one in Reason])
    note = models.TextField(blank=True, default="", db_default="")
    points_lifetime = models.BigIntegerField()
    actor_ref = models.CharField(max_length=100)
    causation_id = models.UUIDField(null=True)
    changed_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["account_public_id", "-id"], name="tiers_tierchange_account")]

    def __str__(self) -> str:
        return f"{self.account_public_id} {self.from_code} to {self.to_code}"
