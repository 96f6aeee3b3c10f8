"""What goes in and out of the routes of approvals."""

from typing import Any

from rest_framework import serializers

from loyalty.foundation.approvals import policy, queries
from loyalty.foundation.approvals.contracts import Step, StepMode, Verdict, WorkflowDraft
from loyalty.foundation.approvals.models import ApprovalRequest
from loyalty.foundation.web.languages import language_in
from loyalty.foundation.web.serializers import ExactJSONField, StrictSerializer, WholeNumberField

AMOUNT_MAX = 2**62


class StepWrite(StrictSerializer):
    """One step: who decides."""

    name = serializers.CharField(max_length=100)
    mode = serializers.ChoiceField([mode.value for mode in StepMode], required=False, default=StepMode.ANY.value)
    approvals_min = WholeNumberField(required=False, default=1)
    roles = serializers.ListField(child=serializers.CharField(max_length=50), required=False, default=list)
    users = serializers.ListField(child=serializers.UUIDField(), required=False, default=list)
    permission = serializers.CharField(max_length=100, required=False, allow_blank=True, default="")


class WorkflowWrite(StrictSerializer):
    """A workflow as it is to be."""

    kind = serializers.CharField(max_length=100)
    name = serializers.CharField(max_length=200)
    is_active = serializers.BooleanField(required=False, default=True)
    amount_from = WholeNumberField(max_value=AMOUNT_MAX, required=False, allow_null=True, default=None)
    window_hours = WholeNumberField(required=False, allow_null=True, default=None)
    expires_after_hours = WholeNumberField(required=False, default=72)
    steps = StepWrite(many=True)


class WorkflowChange(WorkflowWrite):
    """What of a workflow changes; steps are given whole."""

    kind = serializers.CharField(max_length=100, required=False)
    name = serializers.CharField(max_length=200, required=False)
    steps = StepWrite(many=True, required=False)


def draft_of(given: dict[str, Any]) -> WorkflowDraft:
    """Put what was sent into the words of the domain."""
    steps = tuple(
        Step(
            name=one["name"], mode=StepMode(one["mode"]), approvals_min=one["approvals_min"],
            roles=tuple(dict.fromkeys(one["roles"])), users=tuple(dict.fromkeys(str(user) for user in one["users"])),
            permission=one["permission"],
        )
        for one in given["steps"]
    )  # fmt: skip
    return WorkflowDraft(**{**given, "steps": steps})


class StepSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """One step as it is answered."""

    name = serializers.CharField()
    mode = serializers.CharField()
    approvals_min = serializers.IntegerField()
    roles = serializers.ListField(child=serializers.CharField())
    users = serializers.ListField(child=serializers.CharField())
    permission = serializers.CharField()


class WorkflowSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A workflow."""

    id = serializers.UUIDField(source="public_id")
    kind = serializers.CharField()
    name = serializers.CharField()
    is_active = serializers.BooleanField()
    amount_from = serializers.IntegerField(allow_null=True)
    window_hours = serializers.IntegerField(allow_null=True)
    expires_after_hours = serializers.IntegerField()
    steps = StepSerializer(many=True)
    version = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class KindSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A kind of change that may be put under approval."""

    kind = serializers.CharField()
    title = serializers.CharField()
    permission = serializers.CharField()
    amount_unit = serializers.CharField()


class MakerSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """Who asked."""

    kind = serializers.CharField()
    ref = serializers.CharField()
    name = serializers.CharField()


class NamedSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A user by id and name."""

    id = serializers.CharField()
    name = serializers.CharField()


class ChangeSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """One difference."""

    path = serializers.CharField()
    change = serializers.CharField()
    before = ExactJSONField()
    after = ExactJSONField()


class DecisionSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """What one person said."""

    id = serializers.UUIDField(source="public_id")
    request = serializers.UUIDField(source="request.public_id")
    step = serializers.IntegerField()
    verdict = serializers.CharField()
    checker = serializers.SerializerMethodField()
    on_behalf_of = serializers.SerializerMethodField()
    comment = serializers.CharField()
    at = serializers.DateTimeField()

    def get_checker(self, decision: Any) -> dict[str, str]:
        """Give who decided."""
        return {"id": decision.checker_ref, "name": decision.checker_name}

    def get_on_behalf_of(self, decision: Any) -> dict[str, str] | None:
        """Give in whose place, if not in their own."""
        if not decision.on_behalf_of_ref:
            return None
        return {"id": decision.on_behalf_of_ref, "name": decision.on_behalf_of_name}


class RequestSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A request in a list; ``why_not`` is a refusal's code when the caller cannot decide on it, else empty."""

    id = serializers.UUIDField(source="public_id")
    kind = serializers.CharField()
    title = serializers.CharField()
    summary = serializers.SerializerMethodField(help_text="What is asked for, in the language of Accept-Language.")
    state = serializers.CharField()
    subject_kind = serializers.CharField()
    subject_ref = serializers.CharField()
    link = serializers.CharField()
    maker = MakerSerializer()
    reason = serializers.CharField()
    amount = serializers.IntegerField(allow_null=True)
    amount_unit = serializers.CharField()
    amount_summed = serializers.IntegerField(allow_null=True)
    payload_hash = serializers.CharField()
    step = serializers.IntegerField()
    steps = StepSerializer(many=True)
    decisions = DecisionSerializer(many=True, source="decisions.all")
    can_decide = serializers.BooleanField()
    why_not = serializers.CharField()
    created_at = serializers.DateTimeField(source="requested_at")
    expires_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    closed_by = serializers.CharField()
    closed_reason = serializers.SerializerMethodField()
    result = ExactJSONField(allow_null=True)
    review_of = serializers.UUIDField(source="review_of.public_id", allow_null=True, default=None)
    review_request = serializers.UUIDField(allow_null=True)

    def get_summary(self, request: ApprovalRequest) -> str:
        """Say what is asked for."""
        return queries.summary_of(request, language_in(self.context))

    def get_closed_reason(self, request: ApprovalRequest) -> str:
        """Say why it ended."""
        return policy.say_reason(request.closed_reason, language_in(self.context))


class WholeRequestSerializer(RequestSerializer):
    """A request with what it changes; ``seats`` are those in whose place the caller can decide, themselves first."""

    seats = NamedSerializer(many=True)
    before = ExactJSONField()
    after = ExactJSONField()
    diff = ChangeSerializer(many=True)


class DecisionWrite(StrictSerializer):
    """A checker's word on the change with this hash; on behalf of somebody who is away, if so."""

    request = serializers.UUIDField()
    verdict = serializers.ChoiceField([verdict.value for verdict in Verdict])
    payload_hash = serializers.RegexField(r"\A[0-9a-f]{64}\Z")
    comment = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")
    on_behalf_of = serializers.UUIDField(required=False, allow_null=True, default=None)


class DecisionAnswer(DecisionSerializer):
    """A decision and the request after it."""

    request = WholeRequestSerializer()  # type: ignore[assignment]


class DecisionReasonWrite(StrictSerializer):
    """Why."""

    reason = serializers.CharField(max_length=2000, allow_blank=True)


class DelegationWrite(StrictSerializer):
    """Who stands in for whom, and when; without ``user`` for the caller."""

    user = serializers.UUIDField(required=False, allow_null=True, default=None)
    delegate = serializers.UUIDField()
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class DelegationSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """Who stands in for whom, and when."""

    id = serializers.UUIDField(source="public_id")
    user = serializers.SerializerMethodField()
    delegate = serializers.SerializerMethodField()
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    reason = serializers.CharField()
    created_at = serializers.DateTimeField()

    def get_user(self, row: Any) -> dict[str, str]:
        """Give who is away."""
        return {"id": row.user_ref, "name": row.user_name}

    def get_delegate(self, row: Any) -> dict[str, str]:
        """Give who stands in."""
        return {"id": row.delegate_ref, "name": row.delegate_name}
