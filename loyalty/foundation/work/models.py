"""The table of runs."""

from django.db import models

from loyalty.foundation.orm.fields import ExactJSONField
from loyalty.foundation.orm.models import PublicModel


class RunStatus(models.TextChoices):
    """The life of a run."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class Run(PublicModel):
    """One piece of long work; a lease that runs out hands it to another worker."""

    kind = models.CharField(max_length=100)
    subject_kind = models.CharField(max_length=50)
    subject_ref = models.CharField(max_length=100)
    params = ExactJSONField(default=dict)
    actor = ExactJSONField()
    status = models.CharField(max_length=10, choices=RunStatus, default=RunStatus.PENDING)
    phase = models.CharField(max_length=100, blank=True, default="")
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(default=0)
    attempts = models.SmallIntegerField(default=0)
    result = ExactJSONField(null=True)
    error = ExactJSONField(null=True)
    is_cancel_requested = models.BooleanField(default=False)
    lease_until = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject_kind", "subject_ref"],
                condition=models.Q(status__in=["PENDING", "RUNNING"]),
                name="work_run_one_active",
            )
        ]
        indexes = [
            models.Index(fields=["id"], name="work_run_open", condition=models.Q(status__in=["PENDING", "RUNNING"])),
            models.Index(fields=["subject_kind", "subject_ref", "-id"], name="work_run_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.public_id} {self.status}"
