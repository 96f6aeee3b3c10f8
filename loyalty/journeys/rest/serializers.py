"""Bodies of the journey routes."""

from typing import Any

from rest_framework import serializers

from loyalty.foundation.web.serializers import ExactJSONField, StrictSerializer, WholeNumberField
from loyalty.journeys.api import Plan
from loyalty.journeys.contracts import Fate


class ObjectField(ExactJSONField):
    """A JSON object."""

    def to_internal_value(self, data: Any) -> Any:
        """Read it."""
        if not isinstance(data, dict):
            raise serializers.ValidationError("This is a JSON object.", code="not_an_object")
        return super().to_internal_value(data)


class JourneyPeopleSerializer(serializers.Serializer[Any]):
    """Where the people of a journey stand."""

    in_progress = serializers.IntegerField()
    waiting = serializers.IntegerField()
    completed = serializers.IntegerField()
    exited = serializers.IntegerField()
    failed = serializers.IntegerField()


class JourneyProblemSerializer(serializers.Serializer[Any]):
    """One thing wrong with a graph, and what to do about it."""

    code = serializers.CharField()
    severity = serializers.CharField()
    node_id = serializers.CharField()
    edge_id = serializers.CharField()
    field = serializers.CharField()
    message = serializers.CharField()
    repair = serializers.CharField()


class JourneyDraftSerializer(serializers.Serializer[Any]):
    """The draft of a journey."""

    revision = serializers.IntegerField()
    graph = ExactJSONField()
    problems = JourneyProblemSerializer(many=True)
    saved_at = serializers.DateTimeField()
    saved_by = serializers.CharField()


class JourneySerializer(serializers.Serializer[Any]):
    """A journey as the list tells it."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    description = serializers.CharField()
    program = serializers.UUIDField(allow_null=True)
    status = serializers.CharField()
    live_version = serializers.IntegerField(allow_null=True)
    has_unpublished_changes = serializers.BooleanField()
    people = JourneyPeopleSerializer()
    activated_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class JourneyDetailSerializer(JourneySerializer):
    """A journey with its draft."""

    draft = JourneyDraftSerializer()


class NewJourneySerializer(StrictSerializer):
    """A journey to make."""

    name = serializers.CharField(max_length=200)
    description = serializers.CharField(max_length=2000, required=False, default="", allow_blank=True)
    program = serializers.UUIDField(required=False, allow_null=True, default=None)
    graph = ObjectField(required=False, allow_null=True, default=None)
    template = serializers.CharField(max_length=64, required=False, default="", allow_blank=True)


class ChangedJourneySerializer(StrictSerializer):
    """What is to be changed of a journey."""

    name = serializers.CharField(max_length=200, required=False)
    description = serializers.CharField(max_length=2000, required=False, allow_blank=True)


class SaveDraftSerializer(StrictSerializer):
    """A draft to keep, and the revision that it was made from."""

    graph = ObjectField()
    revision = WholeNumberField(min_value=1)


class SavedDraftSerializer(serializers.Serializer[Any]):
    """A draft that was kept."""

    revision = serializers.IntegerField()
    saved_at = serializers.DateTimeField()
    problems = JourneyProblemSerializer(many=True)


class JourneyValidateSerializer(StrictSerializer):
    """A graph to look at; the draft where none is given."""

    graph = ObjectField(required=False, allow_null=True, default=None)


class JourneyProblemsSerializer(serializers.Serializer[Any]):
    """Everything wrong with a graph."""

    problems = JourneyProblemSerializer(many=True)


class JourneyVersionSerializer(serializers.Serializer[Any]):
    """A version."""

    number = serializers.IntegerField()
    published_at = serializers.DateTimeField()
    published_by = serializers.CharField()
    comment = serializers.CharField()
    is_live = serializers.BooleanField()
    people = serializers.IntegerField()


class JourneyVersionDetailSerializer(JourneyVersionSerializer):
    """A version with its graph."""

    graph = ExactJSONField()


class JourneyPlanSerializer(StrictSerializer):
    """What becomes of the people inside."""

    policy = serializers.ChoiceField(choices=[(one.value, one.value) for one in Fate], default=Fate.STAY.value)
    node_map = ObjectField(required=False, default=dict)

    def validate_node_map(self, given: Any) -> Any:
        """Each node leads to a node, or to none."""
        if not all(isinstance(target, str) or target is None for target in given.values()):
            raise serializers.ValidationError("A node leads to a node's id, or to null.", code="invalid")
        return given


def plan_of(given: Any) -> Plan:
    """Put a plan into the words of the domain."""
    return Plan(Fate(given["policy"]), given["node_map"])


class JourneyPublishSerializer(StrictSerializer):
    """A draft to publish."""

    revision = WholeNumberField(min_value=1)
    comment = serializers.CharField(max_length=2000, required=False, default="", allow_blank=True)
    plan = JourneyPlanSerializer(required=False, default=lambda: {"policy": Fate.STAY.value, "node_map": {}})
    dry_run = serializers.BooleanField(required=False, default=False)


class JourneyRollBackSerializer(StrictSerializer):
    """A version to go back to."""

    to_version = WholeNumberField(min_value=1)
    plan = JourneyPlanSerializer(required=False, default=lambda: {"policy": Fate.STAY.value, "node_map": {}})
    takes_back = serializers.BooleanField(
        required=False,
        default=True,
        help_text="Whom publications after that version moved or led out comes back, unless it took a step since.",
    )
    dry_run = serializers.BooleanField(required=False, default=False)


class JourneyFateSerializer(serializers.Serializer[Any]):
    """What becomes of the people at one node."""

    version = serializers.IntegerField()
    node_id = serializers.CharField()
    node_name = serializers.CharField()
    count = serializers.IntegerField()
    fate = serializers.CharField()
    target = serializers.CharField(allow_null=True)


class JourneyReturnedSerializer(serializers.Serializer[Any]):
    """How many who stood at a node come back at a roll-back, and how many do not.

    ``back``: moved, and stands there again; ``again``: led out, and is inside there again; ``moved_on``: took a step
    since or has ended; ``happened``: led out, and since then it closed, came in anew or did what leads out.
    """

    publication = serializers.IntegerField()
    version = serializers.IntegerField()
    node_id = serializers.CharField()
    node_name = serializers.CharField()
    fate = serializers.ChoiceField(choices=[(one, one) for one in ("back", "again", "moved_on", "happened")])
    count = serializers.IntegerField()


class JourneyPublishedSerializer(serializers.Serializer[Any]):
    """What a publication came to, or would; ``returned`` at a roll-back that takes publications back."""

    dry_run = serializers.BooleanField()
    version = serializers.IntegerField(allow_null=True)
    people = JourneyFateSerializer(many=True)
    returned = JourneyReturnedSerializer(many=True)
    problems = JourneyProblemSerializer(many=True)


class JourneyPauseSerializer(StrictSerializer):
    """Whether timers run on while the journey stands still."""

    timers = serializers.ChoiceField(choices=[("run", "run"), ("freeze", "freeze")], required=False, default="run")


class JourneyArchivedSerializer(serializers.Serializer[Any]):
    """How many left when the journey was put away."""

    status = serializers.CharField()
    people_out = serializers.IntegerField()


class JourneyStartSerializer(StrictSerializer):
    """A customer to lead in."""

    customer_id = serializers.UUIDField()
    context = ObjectField(required=False, default=dict)  # type: ignore[assignment]
    key = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)
    idempotency_key = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)


class JourneyContinueSerializer(StrictSerializer):
    """What happened."""

    event_data = ObjectField()

    def validate_event_data(self, given: Any) -> Any:
        """An event has a kind."""
        if not isinstance(given.get("event_type"), str):
            raise serializers.ValidationError("event_type is needed.", code="required")
        return given


class JourneyExecutionAnswerSerializer(serializers.Serializer[Any]):
    """Where one stands after a call."""

    execution_id = serializers.UUIDField()
    state = serializers.CharField()
    current_node_id = serializers.CharField()
    context = ExactJSONField()  # type: ignore[assignment]


class JourneyExecutionSerializer(serializers.Serializer[Any]):
    """An execution as the list tells it."""

    id = serializers.UUIDField()
    journey_id = serializers.UUIDField(source="journey.public_id")
    journey_name = serializers.CharField(source="journey.name")
    version = serializers.IntegerField(source="version.number")
    customer_id = serializers.UUIDField(source="customer_public_id", allow_null=True)
    customer_ref = serializers.CharField(allow_null=True)
    state = serializers.CharField()
    is_held_out = serializers.BooleanField()
    current_node_id = serializers.CharField(source="node.code")
    current_node_name = serializers.CharField(source="node.name")
    key = serializers.CharField()
    attempts = serializers.IntegerField()
    started_at = serializers.DateTimeField()
    entered_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField(allow_null=True)
    goal_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    outcome = serializers.CharField()
    reason = serializers.CharField(source="reason_said")


class JourneyStepSerializer(serializers.Serializer[Any]):
    """One visit of a node."""

    node_id = serializers.CharField()
    node_name = serializers.CharField()
    kind = serializers.CharField()
    branch = serializers.CharField(allow_null=True)
    entered_at = serializers.DateTimeField()
    left_at = serializers.DateTimeField(allow_null=True)
    result = ExactJSONField(allow_null=True)
    reasons = serializers.ListField(child=serializers.CharField())


class JourneyExecutionDetailSerializer(JourneyExecutionSerializer):
    """An execution with its context and its steps."""

    context = ExactJSONField()  # type: ignore[assignment]
    steps = JourneyStepSerializer(many=True)


class JourneyReasonSerializer(StrictSerializer):
    """Why."""

    reason = serializers.CharField(max_length=300)


class JourneyMoveSerializer(JourneyReasonSerializer):
    """Where to, and why."""

    node_id = serializers.CharField(max_length=64)


class JourneyLeadPeopleSerializer(JourneyReasonSerializer):
    """Everybody at a node, of all versions or of one: where to (out of the journey when left out), and why."""

    node_id = serializers.CharField(max_length=64)
    to = serializers.CharField(max_length=64, required=False, allow_null=True, default=None)
    version = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=1)
    dry_run = serializers.BooleanField(required=False, default=False)


class JourneyLedSerializer(serializers.Serializer[Any]):
    """How many were led, or would be."""

    dry_run = serializers.BooleanField()
    people = serializers.IntegerField()


class JourneyStuckSerializer(serializers.Serializer[Any]):
    """Somebody whose time came and who has not gone on."""

    execution_id = serializers.UUIDField()
    journey_id = serializers.UUIDField()
    journey_name = serializers.CharField()
    version = serializers.IntegerField()
    node_id = serializers.CharField()
    node_name = serializers.CharField()
    state = serializers.CharField()
    customer_id = serializers.UUIDField(allow_null=True)
    due_at = serializers.DateTimeField()
    overdue_seconds = serializers.IntegerField()
    reason = serializers.CharField()
