"""Bodies of the segment routes."""

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from loyalty.foundation.web.languages import language_in
from loyalty.foundation.web.serializers import ExactJSONField, StrictSerializer
from loyalty.segments import api
from loyalty.segments.models import Segment, SegmentKind, SegmentSnapshot

MEMBERS_MAX = 10_000


class SegmentSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A segment as answered."""

    id = serializers.UUIDField(source="public_id")
    name = serializers.CharField()
    description = serializers.CharField()
    kind = serializers.CharField()
    rules = ExactJSONField()
    rules_profile = serializers.IntegerField()
    rules_in_words = serializers.SerializerMethodField()
    limit = ExactJSONField()
    schedule = ExactJSONField()
    due_at = serializers.DateTimeField()
    is_event_driven = serializers.BooleanField()
    refreshes_on_features = serializers.BooleanField()
    is_stale = serializers.BooleanField()
    member_count = serializers.IntegerField()
    last_calculated_at = serializers.DateTimeField()
    check = serializers.SerializerMethodField()
    last_run = serializers.SerializerMethodField()
    depends_on = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    version = serializers.IntegerField()
    used_by = serializers.SerializerMethodField()

    def get_rules_in_words(self, segment: Segment) -> str:
        """Say the rules."""
        return api.rules_in_words(segment.rules, segment.rules_profile, language_in(self.context))

    def get_check(self, segment: Segment) -> dict[str, Any]:
        """Tell what the check after the last recalculation found."""
        return {
            "state": segment.check_state or None,
            "checked_at": segment.checked_at,
            "disagreements": segment.disagreements,
        }

    def get_last_run(self, segment: Segment) -> dict[str, Any] | None:
        """Tell how far the newest recalculation is; only on a single object."""
        run = None if self.context.get("is_list") else api.find_last_run(segment)
        if run is None:
            return None
        return {
            "id": str(run.id),
            "status": run.status,
            "phase": run.phase,
            "done": run.done,
            "total": run.total,
            "error": run.error,
        }

    def get_depends_on(self, segment: Segment) -> list[dict[str, str]]:
        """Name the segments that the rules ask membership of."""
        if not segment.depends_on:
            return []
        known = Segment.objects.filter(public_id__in=segment.depends_on).order_by("name")
        return [{"id": str(one.public_id), "name": one.name} for one in known]

    def get_used_by(self, segment: Segment) -> list[dict[str, str]]:
        """Name what uses the segment; only on a single object, a list would ask for each row."""
        if self.context.get("is_list"):
            return []
        return [{"kind": u.kind, "id": u.id, "name": u.name} for u in api.list_usages(segment.public_id)]


class NewSegmentSerializer(StrictSerializer):
    """A segment to create."""

    name = serializers.CharField(max_length=200)
    description = serializers.CharField(max_length=2000, required=False, default="", allow_blank=True)
    kind = serializers.ChoiceField(choices=SegmentKind.choices)
    rules = ExactJSONField(required=False, allow_null=True, default=None)
    limit = ExactJSONField(required=False, allow_null=True)
    schedule = ExactJSONField(required=False, allow_null=True)
    is_event_driven = serializers.BooleanField(required=False)
    refreshes_on_features = serializers.BooleanField(required=False)


class ChangedSegmentSerializer(StrictSerializer):
    """What may change on a segment."""

    name = serializers.CharField(max_length=200, required=False)
    description = serializers.CharField(max_length=2000, required=False, allow_blank=True)
    rules = ExactJSONField(required=False, allow_null=True)
    limit = ExactJSONField(required=False, allow_null=True)
    schedule = ExactJSONField(required=False, allow_null=True)
    is_event_driven = serializers.BooleanField(required=False)
    refreshes_on_features = serializers.BooleanField(required=False)


class RecalculationSerializer(StrictSerializer):
    """How to recalculate: whether the first fill is told as facts for each member, and whether a warehouse that lost
    many rows is taken at its word."""

    announces_first_fill = serializers.BooleanField(required=False, default=False)
    accept_shrinkage = serializers.BooleanField(required=False, default=False)


class TogetherSerializer(RecalculationSerializer):
    """The segments to recalculate together."""

    segments = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=100)


# Templates have a preview too, and the contract has one name for each.
@extend_schema_serializer(component_name="SegmentPreview")
class PreviewSerializer(StrictSerializer):
    """Rules to try; without them those of the segment count."""

    rules = ExactJSONField(required=False, allow_null=True, default=None)
    limit = ExactJSONField(required=False, allow_null=True, default=None)


class UploadSerializer(StrictSerializer):
    """A CSV file, and the name of its column of customers where that is none of the usual ones."""

    file = serializers.FileField()
    column = serializers.CharField(max_length=100, required=False, default="", allow_blank=True)


class MemberSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A member of a segment; ``id`` names the membership: the segment's and the customer's ids."""

    id = serializers.CharField()
    customer_id = serializers.UUIDField()
    customer_ref = serializers.CharField()
    added_at = serializers.DateTimeField(allow_null=True)


class NewMembersSerializer(StrictSerializer):
    """Customers to add to a static segment: one by id or reference, or a list of either."""

    segment = serializers.UUIDField()
    customer_id = serializers.UUIDField(required=False)
    customer_ref = serializers.CharField(max_length=100, required=False)
    customers = serializers.ListField(
        child=serializers.CharField(max_length=100), required=False, max_length=MEMBERS_MAX
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Ask for exactly one way of naming customers."""
        if len([name for name in ("customer_id", "customer_ref", "customers") if attrs.get(name)]) != 1:
            raise serializers.ValidationError("Name customers by customer_id, customer_ref or customers.")
        return attrs


class SnapshotSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A snapshot as answered."""

    id = serializers.UUIDField(source="public_id")
    segment = serializers.UUIDField(source="segment.public_id")
    taken_at = serializers.DateTimeField()
    member_count = serializers.IntegerField()
    added_count = serializers.IntegerField()
    removed_count = serializers.IntegerField()
    cause = serializers.CharField()
    has_members = serializers.SerializerMethodField()

    def get_has_members(self, snapshot: SegmentSnapshot) -> bool:
        """Tell whether the snapshot knows who was in, so that it can be compared."""
        return bool(getattr(snapshot, "knows_members", False))
