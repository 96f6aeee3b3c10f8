"""202: the change was not made but asked for, and waits for others."""

from typing import Any

from drf_spectacular.utils import PolymorphicProxySerializer
from rest_framework import serializers
from rest_framework.response import Response

from loyalty.foundation.kernel.approving import Waiting

# Where the request can be read and decided (foundation.approvals).
REQUESTS = "/api/loyalty/v1/approvalRequests/"


class WaitingRequest(serializers.Serializer):  # type: ignore[type-arg]
    """The request that waits."""

    id = serializers.UUIDField()
    kind = serializers.CharField()
    state = serializers.CharField()
    title = serializers.CharField()
    subject_kind = serializers.CharField()
    subject_ref = serializers.CharField()
    amount = serializers.IntegerField(allow_null=True)
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)


class WaitingAnswer(serializers.Serializer):  # type: ignore[type-arg]
    """What a route answers with 202 when a workflow has its change wait."""

    approval_request = WaitingRequest()


def or_waiting(name: str, answer: type[serializers.Serializer[Any]]) -> PolymorphicProxySerializer:
    """Describe a 202 that tells either what was put in line or the request that waits."""
    return PolymorphicProxySerializer(
        component_name=name, serializers=[answer, WaitingAnswer], resource_type_field_name=None
    )


def waiting_response(waiting: Waiting) -> Response:
    """Answer with the request that waits and its address."""
    body = WaitingAnswer({"approval_request": waiting}).data
    return Response(body, status=202, headers={"Location": f"{REQUESTS}{waiting.id}/"})
