"""Tables of approvals; ``sql/approvals.sql`` holds what the database itself refuses."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from loyalty.foundation.approvals.contracts import RequestState, Verdict
from loyalty.foundation.kernel.ids import new_public_id
from loyalty.foundation.orm.fields import ExactJSONField
from loyalty.foundation.orm.models import PublicModel

STATES = [(state.value, state.value) for state in RequestState]
VERDICTS = [(verdict.value, verdict.value) for verdict in Verdict]
IS_PENDING = models.Q(state="PENDING")


class ApprovalWorkflow(PublicModel):
    """Which changes of a kind wait for whom."""

    kind = models.CharField(max_length=100)
    name = models.CharField(max_length=200)
    is_active = models.BooleanField(default=True)
    amount_from = models.BigIntegerField(null=True)
    window_hours = models.IntegerField(null=True)
    expires_after_hours = models.IntegerField(default=72)
    steps = ExactJSONField()

    class Meta:
        indexes = [
            models.Index(fields=["kind"], name="approvals_workflow_active", condition=models.Q(is_active=True)),
            models.Index(fields=["kind", "-id"], name="approvals_workflow_page"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.name}"


class ApprovalRequest(PublicModel):
    """A change that somebody asked for; nothing of it changes but where it stands."""

    kind = models.CharField(max_length=100)
    subject_kind = models.CharField(max_length=50)
    subject_ref = models.CharField(max_length=100)
    key = models.CharField(max_length=300, blank=True, default="")
    state = models.CharField(max_length=10, choices=STATES, default=RequestState.PENDING.value)
    maker = ExactJSONField()
    maker_ref = models.CharField(max_length=100)
    maker_keys = ArrayField(models.TextField())
    beneficiary_ref = models.CharField(max_length=100, blank=True, default="")
    reason = models.TextField(blank=True, default="")
    summary = models.TextField()
    amount = models.BigIntegerField(null=True)
    amount_summed = models.BigIntegerField(null=True)
    payload = ExactJSONField()
    payload_hash = models.CharField(max_length=64)
    before = ExactJSONField()
    after = ExactJSONField()
    workflow_ref = models.UUIDField(null=True)
    steps = ExactJSONField()
    step = models.IntegerField(default=0)
    # Who decides the open step, spread out for the inbox.
    open_roles = ArrayField(models.TextField(), default=list)
    open_users = ArrayField(models.TextField(), default=list)
    open_permission = models.CharField(max_length=100, blank=True, default="")
    requested_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    closed_reason = models.TextField(blank=True, default="")
    closed_by = models.CharField(max_length=200, blank=True, default="")
    result = ExactJSONField(null=True)
    review_of = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="reviews")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject_ref", "key"], name="approvals_one_open", condition=IS_PENDING
            ),
            models.UniqueConstraint(
                fields=["kind", "key"],
                name="approvals_one_per_key",
                condition=~models.Q(key="") & models.Q(state__in=["PENDING", "EXECUTED", "BYPASSED"]),
            ),
            models.CheckConstraint(
                condition=(IS_PENDING & models.Q(closed_at=None)) | (~IS_PENDING & models.Q(closed_at__isnull=False)),
                name="approvals_closed_is_told",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=[s.value for s in RequestState]), name="approvals_state"
            ),
        ]
        indexes = [
            models.Index(fields=["state", "-id"], name="approvals_request_state"),
            models.Index(fields=["kind", "-id"], name="approvals_request_kind"),
            models.Index(fields=["maker_ref", "-id"], name="approvals_request_maker"),
            models.Index(fields=["subject_kind", "subject_ref", "-id"], name="approvals_request_subject"),
            models.Index(fields=["expires_at"], name="approvals_request_due", condition=IS_PENDING),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_ref}: {self.state}"


class ApprovalDecision(models.Model):
    """What one person said of one request; the database puts the maker beside it and refuses one who is both."""

    id = models.BigAutoField(primary_key=True)
    public_id = models.UUIDField(unique=True, editable=False, default=new_public_id)
    request = models.ForeignKey(ApprovalRequest, on_delete=models.PROTECT, related_name="decisions")
    step = models.IntegerField()
    verdict = models.CharField(max_length=7, choices=VERDICTS)
    checker_ref = models.CharField(max_length=100)
    checker_name = models.CharField(max_length=200)
    on_behalf_of_ref = models.CharField(max_length=100, blank=True, default="")
    on_behalf_of_name = models.CharField(max_length=200, blank=True, default="")
    checker_keys = ArrayField(models.TextField())
    maker_keys = ArrayField(models.TextField(), default=list)
    payload_hash = models.CharField(max_length=64)
    comment = models.TextField(blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["request", "checker_ref"], name="approvals_one_decision_each"),
            models.CheckConstraint(
                condition=~models.Q(maker_keys__overlap=models.F("checker_keys")), name="approvals_maker_is_not_checker"
            ),
            models.CheckConstraint(
                condition=models.Q(verdict__in=[v.value for v in Verdict]), name="approvals_verdict"
            ),
        ]
        indexes = [models.Index(fields=["checker_ref", "-id"], name="approvals_decision_checker")]

    def __str__(self) -> str:
        return f"{self.checker_name}: {self.verdict}"


class ApprovalDelegation(PublicModel):
    """Somebody stands in for somebody else for a time."""

    user_ref = models.CharField(max_length=100)
    user_name = models.CharField(max_length=200)
    delegate_ref = models.CharField(max_length=100)
    delegate_name = models.CharField(max_length=200)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(user_ref=models.F("delegate_ref")), name="approvals_delegate_other"
            ),
            models.CheckConstraint(
                condition=models.Q(starts_at__lt=models.F("ends_at")), name="approvals_delegation_time"
            ),
        ]
        indexes = [
            models.Index(fields=["delegate_ref", "ends_at"], name="approvals_delegation_to"),
            models.Index(fields=["user_ref", "-id"], name="approvals_delegation_of"),
        ]

    def __str__(self) -> str:
        return f"{self.delegate_name} for {self.user_name}"


class ApprovalTally(models.Model):
    """An amount that passed without an approval, kept for the sums over time."""

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=100)
    maker_ref = models.CharField(max_length=100)
    beneficiary_ref = models.CharField(max_length=100, blank=True, default="")
    amount = models.BigIntegerField()
    key = models.CharField(max_length=300, blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "key"], name="approvals_tally_once", condition=~models.Q(key=""))
        ]
        indexes = [
            models.Index(fields=["kind", "maker_ref", "at"], name="approvals_tally_maker"),
            models.Index(fields=["kind", "beneficiary_ref", "at"], name="approvals_tally_beneficiary"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.maker_ref}: {self.amount}"
