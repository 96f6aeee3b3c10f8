"""What points keeps itself: purchases that earned nothing; and the list of accounts, read from a view."""

from django.db import models
from django.db.models.functions import Now


class NothingEarned(models.Model):
    """A purchase that earned nothing, with its reason: it makes no transaction, but its key is taken and it is told."""

    id = models.BigAutoField(primary_key=True)
    idempotency_scope = models.CharField(max_length=50)
    idempotency_key = models.CharField(max_length=300)
    request_hash = models.BinaryField()
    account_public_id = models.UUIDField()
    customer_public_id = models.UUIDField()
    program_public_id = models.UUIDField()
    reason = models.CharField(max_length=100)
    # Text and not jsonb, which would give the keys back in another order and a retry other bytes.
    answer = models.TextField()
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "points_nothing_earned"
        constraints = [
            models.UniqueConstraint(fields=["idempotency_scope", "idempotency_key"], name="points_nothing_earned_once")
        ]
        indexes = [models.Index(fields=["account_public_id", "-id"], name="points_nothing_earned_account")]

    def __str__(self) -> str:
        return f"{self.account_public_id} {self.reason}"


class AccountRow(models.Model):
    """A member's account with its figures, customer and program; read from the view ``points_accounts``."""

    id = models.BigIntegerField(primary_key=True)
    public_id = models.UUIDField()
    customer_public_id = models.UUIDField()
    customer_ref = models.TextField()
    program_public_id = models.UUIDField()
    program_code = models.TextField()
    program_name = models.TextField()
    tier_code = models.TextField(null=True)
    tier_name = models.TextField(null=True)
    points_posted = models.BigIntegerField()
    points_held = models.BigIntegerField()
    points_available = models.BigIntegerField()
    points_pending = models.BigIntegerField()
    lifetime_points_earned = models.BigIntegerField()
    lifetime_points_redeemed = models.BigIntegerField()
    status = models.TextField()
    enrolled_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "points_accounts"

    def __str__(self) -> str:
        return f"{self.customer_ref} in {self.program_code}"
