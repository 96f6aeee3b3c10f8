"""What points keeps itself: purchases that earned nothing, households, imports, warnings, reports of reconciliations;
and the list of accounts, read from a view."""

from django.db import models
from django.db.models.functions import Now

from loyalty.foundation.orm.fields import ExactJSONField
from loyalty.foundation.orm.models import PublicModel


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


class RuleGiven(models.Model):
    """A rule that gives once in a membership has given; the row is what makes it once."""

    id = models.BigAutoField(primary_key=True)
    account_public_id = models.UUIDField()
    rule_code = models.CharField(max_length=50)
    given_at = models.DateTimeField()

    class Meta:
        db_table = "points_rule_given"
        constraints = [
            models.UniqueConstraint(fields=["account_public_id", "rule_code"], name="points_rule_given_once")
        ]

    def __str__(self) -> str:
        return f"{self.rule_code} to {self.account_public_id}"


class AccountRow(models.Model):
    """An account with its figures, customer and program; read from the view ``points_accounts``."""

    id = models.BigIntegerField(primary_key=True)
    public_id = models.UUIDField()
    kind = models.TextField()
    wallet = models.TextField()
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
    points_debt = models.BigIntegerField()
    lifetime_points_earned = models.BigIntegerField()
    lifetime_points_redeemed = models.BigIntegerField()
    status = models.TextField()
    merged_into = models.UUIDField(null=True)
    enrolled_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "points_accounts"

    def __str__(self) -> str:
        return f"{self.customer_ref} in {self.program_code}"


class ReversedLine(models.Model):
    """How much of one line of a purchase was taken back; never more than the line."""

    id = models.BigAutoField(primary_key=True)
    transaction_public_id = models.UUIDField()
    line_id = models.CharField(max_length=100)
    amount = models.DecimalField(max_digits=20, decimal_places=6)
    amount_reversed = models.DecimalField(max_digits=20, decimal_places=6)
    points_reversed = models.BigIntegerField()

    class Meta:
        db_table = "points_reversed_line"
        constraints = [
            models.UniqueConstraint(fields=["transaction_public_id", "line_id"], name="points_reversed_line_once"),
            models.CheckConstraint(
                condition=models.Q(amount_reversed__gt=0) & models.Q(amount_reversed__lte=models.F("amount")),
                name="points_reversed_line_bounds",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.line_id} of {self.transaction_public_id}"


class PoolStatus(models.TextChoices):
    """Whether a household takes part."""

    ACTIVE = "ACTIVE"
    CLOSED = "CLOSED"


class Pool(PublicModel):
    """A household: members of one program who share an account."""

    program_public_id = models.UUIDField()
    account_public_id = models.UUIDField(unique=True)
    name = models.CharField(max_length=100)
    status = models.CharField(max_length=10, choices=PoolStatus, default=PoolStatus.ACTIVE)

    class Meta:
        db_table = "points_pool"
        indexes = [models.Index(fields=["program_public_id", "-id"], name="points_pool_program")]

    def __str__(self) -> str:
        return self.name


class PoolMember(PublicModel):
    """A customer in a household; the row stays when they leave, with ``left_at``."""

    pool = models.ForeignKey(Pool, on_delete=models.CASCADE, related_name="members")
    # Repeats the household's program, so that the database can refuse a second household in it.
    program_public_id = models.UUIDField()
    customer_public_id = models.UUIDField()
    role = models.CharField(max_length=10)
    points_daily_max = models.BigIntegerField(null=True)
    is_earning_into_pool = models.BooleanField(default=False, db_default=False)
    joined_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "points_pool_member"
        constraints = [
            models.UniqueConstraint(
                fields=["program_public_id", "customer_public_id"],
                condition=models.Q(left_at__isnull=True),
                name="points_pool_member_one_household",
            ),
            models.UniqueConstraint(
                fields=["pool"],
                condition=models.Q(left_at__isnull=True, role="owner"),
                name="points_pool_member_one_owner",
            ),
            models.CheckConstraint(
                condition=models.Q(role__in=["owner", "spender", "viewer"]), name="points_pool_member_role"
            ),
            models.CheckConstraint(
                condition=models.Q(points_daily_max__isnull=True) | models.Q(points_daily_max__gt=0),
                name="points_pool_member_limit",
            ),
        ]
        indexes = [models.Index(fields=["pool", "id"], name="points_pool_member_pool")]

    def __str__(self) -> str:
        return f"{self.customer_public_id} ({self.role})"


class PoolSpending(models.Model):
    """How many points a customer has spent of a household in one day of the program's zone."""

    id = models.BigAutoField(primary_key=True)
    member = models.ForeignKey(PoolMember, on_delete=models.CASCADE, related_name="+")
    business_date = models.DateField()
    points_spent = models.BigIntegerField()

    class Meta:
        db_table = "points_pool_spending"
        constraints = [models.UniqueConstraint(fields=["member", "business_date"], name="points_pool_spending_once")]

    def __str__(self) -> str:
        return f"{self.points_spent} on {self.business_date}"


class MemberImport(PublicModel):
    """A file of members with their opening points; ``rows_done`` moves in the transaction that took the rows in."""

    program_public_id = models.UUIDField()
    file_name = models.CharField(max_length=200, blank=True, default="")
    rows_total = models.IntegerField()
    rows_done = models.IntegerField(default=0)
    rows_imported = models.IntegerField(default=0)
    rows_refused = models.IntegerField(default=0)
    customers_created = models.IntegerField(default=0)
    members_enrolled = models.IntegerField(default=0)
    points_imported = models.BigIntegerField(default=0)
    run_public_id = models.UUIDField(null=True)
    idempotency_key = models.CharField(max_length=200, unique=True)
    request_hash = models.BinaryField()

    class Meta:
        db_table = "points_import"

    def __str__(self) -> str:
        return f"{self.file_name} ({self.rows_total} rows)"


class ImportRow(models.Model):
    """One row of such a file as it was read; ``code`` tells why the form refuses it, empty when it does not."""

    pk = models.CompositePrimaryKey("import_id", "row")
    import_id = models.BigIntegerField()
    row = models.IntegerField()
    customer_ref = models.TextField()
    first_name = models.TextField()
    last_name = models.TextField()
    email = models.TextField()
    phone = models.TextField()
    enrolled_on = models.DateField(null=True)
    tier_code = models.TextField()
    wallet = models.TextField()
    points_balance = models.BigIntegerField()
    expires_on = models.DateField(null=True)
    code = models.TextField()

    class Meta:
        db_table = "points_import_row"

    def __str__(self) -> str:
        return f"{self.import_id}:{self.row}"


class ImportResult(models.Model):
    """What became of one row."""

    pk = models.CompositePrimaryKey("import_id", "row")
    import_id = models.BigIntegerField()
    row = models.IntegerField()
    code = models.TextField()
    account_public_id = models.UUIDField(null=True)
    transaction_public_id = models.UUIDField(null=True)

    class Meta:
        db_table = "points_import_result"

    def __str__(self) -> str:
        return f"{self.import_id}:{self.row} {self.code}"


class ExpiryWarning(models.Model):
    """Said once: so many days before, that an account's points of one date will expire."""

    id = models.BigAutoField(primary_key=True)
    account_id = models.BigIntegerField()
    expires_at = models.DateTimeField()
    days_before = models.IntegerField()
    points_amount = models.BigIntegerField()
    warned_at = models.DateTimeField()

    class Meta:
        db_table = "points_expiry_warning"
        constraints = [
            models.UniqueConstraint(fields=["account_id", "expires_at", "days_before"], name="points_warning_once")
        ]

    def __str__(self) -> str:
        return f"{self.points_amount} until {self.expires_at}"


class DailyWork(models.Model):
    """The last business day of a program whose daily work was put in line."""

    program_public_id = models.UUIDField(primary_key=True)
    business_date = models.DateField()

    class Meta:
        db_table = "points_daily_work"

    def __str__(self) -> str:
        return f"{self.program_public_id} {self.business_date}"


class Reconciliation(PublicModel):
    """The book held against itself: which accounts, and what was found."""

    kind = models.CharField(max_length=12)
    # Only accounts touched since then; null is all of them.
    touched_since = models.DateTimeField(null=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    last_account_id = models.BigIntegerField(default=0)
    accounts_checked = models.BigIntegerField(default=0)
    discrepancies_found = models.BigIntegerField(default=0)
    invariants = ExactJSONField(null=True)

    class Meta:
        db_table = "points_reconciliation"

    def __str__(self) -> str:
        return f"{self.kind} {self.started_at}"


class AccountDiscrepancy(models.Model):
    """Two figures of an account that should be equal and were not."""

    id = models.BigAutoField(primary_key=True)
    reconciliation = models.ForeignKey(Reconciliation, on_delete=models.CASCADE, related_name="discrepancies")
    account_public_id = models.UUIDField()
    code = models.CharField(max_length=50)
    expected = models.BigIntegerField()
    found = models.BigIntegerField()
    found_at = models.DateTimeField()

    class Meta:
        db_table = "points_discrepancy"
        indexes = [models.Index(fields=["account_public_id"], name="points_discrepancy_account")]

    def __str__(self) -> str:
        return f"{self.account_public_id} {self.code}"


class FrozenLeaver(models.Model):
    """An account that was frozen because its member left; coming back opens it again, and no other frozen one."""

    account_public_id = models.UUIDField(primary_key=True)
    frozen_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.account_public_id)
