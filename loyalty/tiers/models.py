"""What counted, where members stand, the history of tiers, and what tiers granted."""

from django.contrib.postgres.functions import RandomUUID
from django.db import models

from loyalty.tiers.contracts import BenefitState, Direction, ManualMode, Reason


class TierChange(models.Model):
    """One change of one member's tier; written by ``sql/settling.sql`` together with the change and its event.

    ``effective_at`` is the business instant from which the tier counts, ``recorded_at`` when it was written down. A
    late purchase writes the changes anew from its instant on, and what stood there is superseded.
    """

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
    effective_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    superseded_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["account_public_id", "-id"], name="tiers_tierchange_account")]

    def __str__(self) -> str:
        return f"{self.account_public_id} {self.from_code} to {self.to_code}"


class QualifyingDay(models.Model):
    """What counts for a member's tier, by the business day in the program's zone; not what can be spent."""

    pk = models.CompositePrimaryKey("account_public_id", "business_date")
    account_public_id = models.UUIDField()
    business_date = models.DateField()
    program_public_id = models.UUIDField()
    points = models.BigIntegerField(default=0, db_default=0)
    points_status = models.BigIntegerField(default=0, db_default=0)
    spend = models.DecimalField(max_digits=20, decimal_places=4, default=0, db_default=0)
    purchases = models.IntegerField(default=0, db_default=0)

    class Meta:
        db_table = "tiers_qualifying_day"

    def __str__(self) -> str:
        return f"{self.account_public_id} {self.business_date}"


class CountedTransaction(models.Model):
    """A transaction that was counted in a qualifying day; it is never counted again."""

    transaction_public_id = models.UUIDField(primary_key=True)
    account_public_id = models.UUIDField()
    business_date = models.DateField()

    class Meta:
        db_table = "tiers_counted"

    def __str__(self) -> str:
        return str(self.transaction_public_id)


class MemberState(models.Model):
    """Where a member stands between two looks: its tier by qualification, until when, and a tier given by hand."""

    account_public_id = models.UUIDField(primary_key=True)
    program_public_id = models.UUIDField()
    # The tier by qualification alone, and the one in the membership when tiers last wrote it.
    track_tier_id = models.BigIntegerField(null=True)
    effective_tier_id = models.BigIntegerField(null=True)
    kept_until = models.DateField(null=True)
    warned_until = models.DateField(null=True)
    # The next day on which the tier could change though nothing is earned; null: none.
    look_on = models.DateField(null=True)
    manual_mode = models.CharField(max_length=10, null=True, choices=[(one.value, one.value) for one in ManualMode])
    manual_tier_id = models.BigIntegerField(null=True)
    manual_until = models.DateTimeField(null=True)
    manual_reason = models.TextField(blank=True, default="", db_default="")
    is_manual_below = models.BooleanField(default=False, db_default=False)

    class Meta:
        db_table = "tiers_member_state"
        indexes = [
            models.Index(
                fields=["program_public_id", "look_on"],
                name="tiers_member_state_due",
                condition=models.Q(look_on__isnull=False),
            ),
            models.Index(
                fields=["program_public_id", "manual_until"],
                name="tiers_member_state_manual",
                condition=models.Q(manual_until__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_public_id} until {self.kept_until}"


class BenefitGrant(models.Model):
    """What a tier granted a member, once per period."""

    id = models.BigAutoField(primary_key=True)
    public_id = models.UUIDField(unique=True, db_default=RandomUUID())
    account_public_id = models.UUIDField()
    customer_public_id = models.UUIDField()
    program_public_id = models.UUIDField()
    tier_code = models.CharField(max_length=50)
    benefit_code = models.CharField(max_length=50)
    kind = models.CharField(max_length=10)
    points_amount = models.BigIntegerField(default=0, db_default=0)
    period_start = models.DateField()
    state = models.CharField(max_length=10, choices=[(one.value, one.value) for one in BenefitState])
    granted_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)
    # Points that were refused (a frozen account) are tried again from here on.
    due_at = models.DateTimeField()
    refusal_code = models.CharField(max_length=100, blank=True, default="", db_default="")
    transaction_public_id = models.UUIDField(null=True)

    class Meta:
        db_table = "tiers_benefit_grant"
        constraints = [
            models.UniqueConstraint(
                fields=["account_public_id", "tier_code", "benefit_code", "period_start"],
                name="tiers_benefit_grant_once",
            )
        ]
        indexes = [
            models.Index(fields=["due_at"], name="tiers_benefit_grant_due", condition=models.Q(state="PENDING")),
            models.Index(fields=["program_public_id"], name="tiers_benefit_grant_program"),
        ]

    def __str__(self) -> str:
        return f"{self.benefit_code} of {self.tier_code} to {self.account_public_id}"


class SettledDay(models.Model):
    """The last business day whose settling of a program is complete, and the promise it went by."""

    program_public_id = models.UUIDField(primary_key=True)
    settled_on = models.DateField()
    terms_hash = models.CharField(max_length=64, default="", db_default="")

    class Meta:
        db_table = "tiers_settled_day"

    def __str__(self) -> str:
        return f"{self.program_public_id} {self.settled_on}"
