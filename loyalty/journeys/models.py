"""Tables of journeys: drafts, published versions with their nodes and edges, and one narrow row per person inside."""

from datetime import timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from loyalty.foundation.kernel.ids import new_public_id
from loyalty.foundation.orm.fields import ExactJSONField
from loyalty.foundation.orm.models import PublicModel

STATUSES = ("DRAFT", "ACTIVE", "PAUSED", "ARCHIVED")
# A person in one of these is inside; the rest is over and stays as it is.
OPEN_STATES = ("NOT_STARTED", "IN_PROGRESS", "WAITING")
STATES = (*OPEN_STATES, "COMPLETED", "FAILED", "EXITED", "CANCELLED", "EXPIRED")


class Journey(PublicModel):
    """A journey: its draft, and which of its published versions new people enter.

    ``revision`` counts the saves of the draft; ``due_at`` is the next slot of a start by the clock; ``paused_at`` with
    ``is_frozen`` tells by how much timers move when the journey goes on.
    """

    name = models.CharField(max_length=200)
    description = models.TextField(blank=True, default="")
    program_ref = models.UUIDField(null=True)
    # The public id of the person who made it, as text; NULL where nobody is known to have.
    owner_ref = models.CharField(max_length=100, null=True, db_index=True)
    status = models.CharField(max_length=10, default="DRAFT", choices=[(one, one) for one in STATUSES])
    draft = ExactJSONField()
    revision = models.PositiveIntegerField(default=1)
    saved_at = models.DateTimeField()
    saved_by = models.CharField(max_length=200, blank=True, default="")
    live = models.ForeignKey("journeys.Version", null=True, on_delete=models.PROTECT, related_name="+")
    due_at = models.DateTimeField(null=True)
    paused_at = models.DateTimeField(null=True)
    is_frozen = models.BooleanField(default=False)
    # For how long timers stood still in all the pauses that are over.
    frozen_for = models.DurationField(default=timedelta(0), db_default=timedelta(0))
    activated_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(status__in=STATUSES), name="journeys_journey_status"),
        ]
        indexes = [models.Index(fields=["due_at"], name="journeys_due_start", condition=models.Q(status="ACTIVE"))]

    def __str__(self) -> str:
        return f"{self.name} {self.status}"


class Version(models.Model):
    """A graph as it was published; it never changes. ``is_open``: somebody may be inside, or is let in."""

    id = models.BigAutoField(primary_key=True)
    journey = models.ForeignKey(Journey, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    graph = ExactJSONField()
    comment = models.TextField(blank=True, default="")
    published_at = models.DateTimeField()
    published_by = models.CharField(max_length=200, blank=True, default="")
    is_open = models.BooleanField(default=True)
    # Up to whom those who wait were asked for the rules that hold at every step; empty: from the first.
    asked_after = models.UUIDField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["journey", "number"], name="journeys_version_once")]
        indexes = [models.Index(fields=["journey"], name="journeys_version_open", condition=models.Q(is_open=True))]

    def __str__(self) -> str:
        return f"{self.journey_id} version {self.number}"


class Node(models.Model):
    """A node of a published version. ``wait_seconds``: a person who comes here waits so long, no more to decide."""

    id = models.BigAutoField(primary_key=True)
    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="nodes")
    code = models.CharField(max_length=64)
    kind = models.CharField(max_length=20)
    name = models.CharField(max_length=200, blank=True, default="")
    config = ExactJSONField()
    wait_seconds = models.BigIntegerField(null=True)
    event_type = models.CharField(max_length=100, blank=True, default="")
    outcome = models.CharField(max_length=64, blank=True, default="")
    is_goal = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "code"], name="journeys_node_once")]

    def __str__(self) -> str:
        return f"{self.version_id} {self.code} {self.kind}"


class Edge(models.Model):
    """Where a branch of a node leads. A branch that the graph leaves out, but means, is written here too."""

    id = models.BigAutoField(primary_key=True)
    source = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="edges")
    branch = models.CharField(max_length=64)
    target = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "branch"], name="journeys_edge_once")]

    def __str__(self) -> str:
        return f"{self.source_id} {self.branch} {self.target_id}"


class Execution(models.Model):
    """One person in one journey. It is both the queue and the ledger of who is where.

    ``due_at``: when a worker may take it next; empty when nothing but an event moves it. ``visit`` counts the nodes
    that it came to, so that (execution, node, visit) names an effect for ever. ``occurrence`` names what led in.
    """

    id = models.UUIDField(primary_key=True, editable=False, default=new_public_id)
    # No constraints in the database: rows come in by the million, and what they point to is never deleted.
    journey = models.ForeignKey(
        Journey, on_delete=models.PROTECT, related_name="executions", db_index=False, db_constraint=False
    )
    version = models.ForeignKey(
        Version, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    customer_id = models.BigIntegerField()
    key = models.CharField(max_length=200, default="", db_default="")
    occurrence = models.UUIDField()
    state = models.CharField(max_length=11)
    visit = models.IntegerField()
    attempts = models.SmallIntegerField(default=0, db_default=0)
    is_held_out = models.BooleanField(default=False, db_default=False)
    started_at = models.DateTimeField()
    entered_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    goal_at = models.DateTimeField(null=True)
    # By which branch it goes on when its time is over; empty where the node alone says so.
    timer = models.CharField(max_length=64, default="", db_default="")
    # How far facts had been read when it came to a wait for an event; what came until it was seen waiting is looked up.
    heard_until = models.BigIntegerField(null=True)
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=64, default="", db_default="")
    reason = models.CharField(max_length=300, default="", db_default="")

    class Meta:
        constraints = [
            # Also how an event finds the people of its customer who are inside.
            models.UniqueConstraint(
                fields=["customer_id", "journey", "key"],
                name="journeys_execution_one",
                condition=models.Q(state__in=OPEN_STATES, is_held_out=False),
            ),
            models.UniqueConstraint(fields=["customer_id", "journey", "occurrence"], name="journeys_execution_once"),
            models.CheckConstraint(condition=models.Q(state__in=STATES), name="journeys_execution_state"),
            models.CheckConstraint(
                condition=models.Q(state__in=OPEN_STATES) | models.Q(due_at=None, ended_at__isnull=False),
                name="journeys_execution_ended",
            ),
        ]
        indexes = [
            models.Index(
                fields=["node", "due_at"], name="journeys_execution_due", condition=models.Q(due_at__isnull=False)
            ),
            models.Index(fields=["journey", "-id"], name="journeys_execution_list"),
            models.Index(
                fields=["expires_at"],
                name="journeys_execution_expires",
                condition=models.Q(expires_at__isnull=False, state__in=OPEN_STATES),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.state}"


class ExecutionContext(models.Model):
    """What a person brought along and what actions answered; only those who have any have a row."""

    execution = models.OneToOneField(
        Execution, primary_key=True, on_delete=models.CASCADE, related_name="context", db_constraint=False
    )
    data = ExactJSONField()

    class Meta:
        db_table = "journeys_context"

    def __str__(self) -> str:
        return f"context of {self.execution_id}"


class Step(models.Model):
    """A node that a person came to and left; the table is partitioned by month of ``left_at``."""

    execution = models.ForeignKey(Execution, on_delete=models.DO_NOTHING, related_name="steps", db_constraint=False)
    visit = models.IntegerField()
    node = models.ForeignKey(Node, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False)
    branch = models.CharField(max_length=64)
    entered_at = models.DateTimeField()
    left_at = models.DateTimeField()
    result = ExactJSONField(null=True)
    # The table has no key of its own; Django wants to be told of one.
    pk = models.CompositePrimaryKey("execution_id", "visit", "left_at")

    class Meta:
        managed = False
        db_table = "journeys_step"

    def __str__(self) -> str:
        return f"{self.execution_id} visit {self.visit} {self.branch}"


class Experiment(models.Model):
    """What customers are drawn to arms for: an experiment by its name, or a sticky split of one journey."""

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=150, unique=True)
    begun_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Assignment(models.Model):
    """The arm of one customer in one experiment. ``is_mixed``: this person has been in another arm, too."""

    # No constraint in the database: rows come in by the million, and an experiment is never deleted.
    experiment = models.ForeignKey(
        Experiment, on_delete=models.PROTECT, related_name="assignments", db_index=False, db_constraint=False
    )
    customer_id = models.BigIntegerField()
    arm = models.CharField(max_length=64)
    is_holdout = models.BooleanField(default=False, db_default=False)
    is_mixed = models.BooleanField(default=False, db_default=False)
    assigned_at = models.DateTimeField()
    pk = models.CompositePrimaryKey("experiment_id", "customer_id")

    class Meta:
        indexes = [models.Index(fields=["customer_id"], name="journeys_assignment_customer")]

    def __str__(self) -> str:
        return f"{self.experiment_id} {self.customer_id} {self.arm}"


class FactCursor(models.Model):
    """How far the event store was read for journeys, by position."""

    name = models.CharField(max_length=50, primary_key=True)
    position = models.BigIntegerField(default=0)
    moved_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.name}: {self.position}"


class Backfill(PublicModel):
    """Letting the present members of a segment in; ``is_planned`` when its stretches were laid out."""

    journey = models.ForeignKey(Journey, on_delete=models.CASCADE, related_name="backfills")
    occurrence = models.CharField(max_length=200)
    segment_ref = models.UUIDField()
    is_planned = models.BooleanField(default=False, db_default=False)
    entered = models.BigIntegerField(default=0)
    seen = models.BigIntegerField(default=0)
    is_complete = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["journey", "occurrence"], name="journeys_backfill_once")]
        indexes = [models.Index(fields=["id"], name="journeys_backfill_open", condition=models.Q(is_complete=False))]

    def __str__(self) -> str:
        return f"{self.journey_id} {self.occurrence}: {self.entered} of {self.seen}"


class Stretch(models.Model):
    """A piece of a backfill that one worker takes at a time; the row goes when its people are in."""

    id = models.BigAutoField(primary_key=True)
    backfill = models.ForeignKey(Backfill, on_delete=models.CASCADE, related_name="stretches")
    after_id = models.BigIntegerField()
    until_id = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.backfill_id}: {self.after_id} to {self.until_id}"


class Intake(PublicModel):
    """People whom somebody leads in at once: a list of them, or a segment. A dry run only counts what would be.

    ``key`` is the caller's, once for a journey; ``counts`` tells what became of how many, by ``EntryOutcome``.
    """

    journey = models.ForeignKey(Journey, on_delete=models.CASCADE, related_name="intakes")
    key = models.CharField(max_length=200)
    request_hash = models.BinaryField(max_length=32)
    segment_ref = models.UUIDField(null=True)
    context = ExactJSONField(default=dict)
    is_dry_run = models.BooleanField(default=False)
    named = models.BigIntegerField(default=0)
    total = models.BigIntegerField(default=0)
    seen = models.BigIntegerField(default=0)
    counts = ExactJSONField(default=dict)
    is_complete = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["journey", "key"], name="journeys_intake_once", condition=models.Q(is_dry_run=False)
            )
        ]

    def __str__(self) -> str:
        return f"{self.journey_id} {self.key}: {self.seen} of {self.total}"


class IntakePart(models.Model):
    """A piece of an intake, done in one transaction and gone then: people of a list, or part of a segment."""

    id = models.BigAutoField(primary_key=True)
    intake = models.ForeignKey(Intake, on_delete=models.CASCADE, related_name="parts")
    customers = ArrayField(models.BigIntegerField(), null=True)
    after_id = models.BigIntegerField(null=True)
    until_id = models.BigIntegerField(null=True)

    def __str__(self) -> str:
        return f"{self.intake_id}: {self.pk}"
