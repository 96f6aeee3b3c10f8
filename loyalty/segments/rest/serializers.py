"""Bodies of the segment routes."""

from typing import Any

from rest_framework import serializers

from loyalty.foundation.web.serializers import ExactJSONField, StrictSerializer
from loyalty.segments import api
from loyalty.segments.models import Segment, SegmentKind

MEMBERS_MAX = 10_000


class SegmentSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A segment as answered."""

    id = serializers.UUIDField(source="public_id")
    name = serializers.CharField()
    description = serializers.CharField()
    kind = serializers.CharField()
    rules = ExactJSONField()
    rules_in_words = serializers.SerializerMethodField()
    member_count = serializers.IntegerField()
    last_calculated_at = serializers.DateTimeField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    version = serializers.IntegerField()
    used_by = serializers.SerializerMethodField()

    def get_rules_in_words(self, segment: Segment) -> str:
        """Say the rules."""
        return api.rules_in_words(segment.rules)

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


class ChangedSegmentSerializer(StrictSerializer):
    """What may change on a segment."""

    name = serializers.CharField(max_length=200, required=False)
    description = serializers.CharField(max_length=2000, required=False, allow_blank=True)
    rules = ExactJSONField(required=False, allow_null=True)


class PreviewSerializer(StrictSerializer):
    """Rules to try; without them those of the segment count."""

    rules = ExactJSONField(required=False, allow_null=True, default=None)


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
