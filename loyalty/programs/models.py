"""The tables of programs, and the lists that are read out of the newest version."""

from django.db import models
from django.db.models.functions import Now

from loyalty.foundation.orm.fields import ExactJSONField
from loyalty.foundation.orm.models import PublicModel
from loyalty.programs.contracts import Enrollment, ProgramStatus, TierMode

STATUSES = [(status.value, status.value) for status in ProgramStatus]
TIER_MODES = [(mode.value, mode.name) for mode in TierMode]
ENROLLMENTS = [(way.value, way.value) for way in Enrollment]


class Program(PublicModel):
    """A loyalty program; what it promises stands in its versions."""

    code = models.CharField(max_length=50, unique=True)
    # The public id of the person who made it, as text; NULL where nobody is known to have.
    owner_ref = models.CharField(max_length=100, null=True, db_index=True)
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True, default="")
    status = models.CharField(max_length=10, choices=STATUSES, default=ProgramStatus.DRAFT.value)
    start_date = models.DateField(null=True)
    end_date = models.DateField(null=True)
    currency = models.CharField(max_length=3)
    timezone = models.CharField(max_length=64)
    enrollment = models.CharField(max_length=10, choices=ENROLLMENTS, default=Enrollment.AUTOMATIC.value)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(end_date__isnull=True)
                | models.Q(start_date__isnull=True)
                | models.Q(end_date__gte=models.F("start_date")),
                name="programs_program_dates_in_order",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=[status.value for status in ProgramStatus]),
                name="programs_program_status_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.status}"


class ProgramVersion(PublicModel):
    """What a program promises from an instant on; once used it never changes (a trigger refuses it)."""

    program = models.ForeignKey(Program, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    starts_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    # Everything that ProgramTerms names, as policy.store_terms writes it.
    terms = ExactJSONField(default=dict)
    tiers = ExactJSONField(default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["program", "number"], name="programs_version_number")]

    def __str__(self) -> str:
        return f"{self.program.code} v{self.number}"


class Tier(PublicModel):
    """A tier as it stands now; members point at it.

    A tier that was taken out of the program keeps its row, with ``retired_ref`` set to its own id, until tiers has
    moved its members and told them; 0 means that it is in force.
    """

    program = models.ForeignKey(Program, on_delete=models.CASCADE, related_name="tiers")
    code = models.CharField(max_length=50)
    name = models.CharField(max_length=100)
    min_points = models.BigIntegerField()
    multiplier = models.DecimalField(max_digits=8, decimal_places=4)
    benefits = ExactJSONField(default=list)
    priority = models.IntegerField(default=0)
    color = models.CharField(max_length=30, blank=True, default="")
    benefit_grants = ExactJSONField(default=list)
    is_invitation_only = models.BooleanField(default=False, db_default=False)
    retired_ref = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        constraints = [
            # Deferred, because an edit may swap two tiers within one transaction.
            models.UniqueConstraint(
                fields=["program", "code", "retired_ref"],
                name="programs_tier_code",
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.UniqueConstraint(
                fields=["program", "min_points", "retired_ref"],
                name="programs_tier_min_points",
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.CheckConstraint(condition=models.Q(min_points__gte=0), name="programs_tier_min_points_positive"),
            models.CheckConstraint(condition=models.Q(multiplier__gt=0), name="programs_tier_multiplier_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.code} from {self.min_points}"


class Membership(PublicModel):
    """A customer in a program, with the ledger account and the tier.

    ``customer_public_id`` repeats the customer's public id, which never changes, so that reads in sets need no join.
    """

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="memberships")
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="+")
    customer_public_id = models.UUIDField()
    # The ledger's account, by its inner and its public id; both are handed in when the customer enrols.
    account_id = models.BigIntegerField(unique=True)
    account_public_id = models.UUIDField(unique=True)
    tier = models.ForeignKey(Tier, on_delete=models.PROTECT, null=True, related_name="memberships")
    # A tier given by hand says how long and how firmly it stands; an empty mode follows the points.
    tier_mode = models.CharField(max_length=10, choices=TIER_MODES, blank=True, default="", db_default="")
    tier_until_at = models.DateTimeField(null=True)
    tier_since_at = models.DateTimeField(null=True)
    enrolled_at = models.DateTimeField(db_default=Now())
    # Whoever left keeps the account and the row, and comes back to both.
    left_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["program", "customer"], name="programs_membership_once"),
            models.CheckConstraint(
                condition=models.Q(tier_mode__in=[mode.value for mode in TierMode]),
                name="programs_membership_tier_mode",
            ),
            models.CheckConstraint(
                condition=models.Q(tier_until_at__isnull=True) | ~models.Q(tier_mode=""),
                name="programs_membership_until_by_hand",
            ),
        ]
        # The name without a suffix belongs to the contract view that other domains join.
        db_table = "programs_membership_row"
        indexes = [
            models.Index(fields=["customer_public_id"], name="programs_membership_customer"),
            # Tiers that were given until some instant, looked for when it has come.
            models.Index(
                fields=["tier_until_at"],
                condition=models.Q(tier_until_at__isnull=False),
                name="programs_membership_until",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customer_public_id} in {self.program_id}"


class RuleRow(models.Model):
    """A way to earn, or the burn rule, of a program's version in effect; read from a view."""

    public_id = models.UUIDField(primary_key=True)
    program = models.ForeignKey(Program, on_delete=models.DO_NOTHING, related_name="+")
    program_version = models.IntegerField()
    kind = models.CharField(max_length=10)
    code = models.TextField()
    name = models.TextField()
    rule = ExactJSONField()
    # The whole way to earn; empty for the burn rule.
    details = ExactJSONField()

    class Meta:
        managed = False
        db_table = "programs_rules"

    def __str__(self) -> str:
        return f"{self.kind} rule of {self.program_id}"


class EarnCapRow(models.Model):
    """A cap of a program's version in effect; read from a view."""

    public_id = models.UUIDField(primary_key=True)
    program = models.ForeignKey(Program, on_delete=models.DO_NOTHING, related_name="+")
    program_version = models.IntegerField()
    code = models.TextField()
    period = models.CharField(max_length=15)
    scope = models.TextField()
    measure = models.TextField()
    limit = models.DecimalField(max_digits=26, decimal_places=6)
    points_max = models.BigIntegerField(null=True)
    rule_code = models.TextField()
    partner_ref = models.TextField()
    tier_codes = ExactJSONField()
    on_reach = models.TextField()

    class Meta:
        managed = False
        db_table = "programs_earn_caps"

    def __str__(self) -> str:
        return f"{self.code} in {self.program_id}"


class ExpiryRuleRow(models.Model):
    """How long points of a program's version in effect last; read from a view."""

    public_id = models.UUIDField(primary_key=True)
    program = models.ForeignKey(Program, on_delete=models.DO_NOTHING, related_name="+")
    program_version = models.IntegerField()
    kind = models.TextField()
    expiry_days = models.IntegerField(null=True)
    # The whole rule, as ExpiryPlan names it.
    details = ExactJSONField()

    class Meta:
        managed = False
        db_table = "programs_expiry_rules"

    def __str__(self) -> str:
        return f"{self.kind} in {self.program_id}"
