"""Routes of the contact policy and of suppressions."""

from typing import Any, ClassVar

import django_filters
from django.db.models import Func, Q, QuerySet, Value
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.delivery import api
from loyalty.delivery.contracts import ChannelCode, ContactCap, QuietHours, SuppressionReason
from loyalty.delivery.models import Suppression
from loyalty.foundation.kernel import clock
from loyalty.foundation.web.etag import etag_for, if_match
from loyalty.foundation.web.masking import mask_address, may_reveal, reveal
from loyalty.foundation.web.serializers import StrictSerializer, WholeNumberField
from loyalty.foundation.web.views import AllowListedOrdering, ApiView, ReadOnlyApiViewSet

CHANNELS = [channel.value for channel in ChannelCode]
TELEPHONES = (ChannelCode.SMS.value, ChannelCode.WHATSAPP.value)
# The platform itself says what bounced.
REASONS = [reason.value for reason in SuppressionReason if reason is not SuppressionReason.BOUNCED]


class CapSerializer(StrictSerializer):
    """At most so many messages within so many hours; an empty channel or purpose means each."""

    sends_max = WholeNumberField()
    hours = WholeNumberField()
    channel = serializers.CharField(allow_blank=True, default="", max_length=10)
    purpose = serializers.CharField(allow_blank=True, default="marketing", max_length=10)


class QuietHoursSerializer(StrictSerializer):
    """From when to when a customer is not disturbed, by the customer's own clock."""

    starts = serializers.TimeField(format="%H:%M", input_formats=["%H:%M"])
    ends = serializers.TimeField(format="%H:%M", input_formats=["%H:%M"])
    channel = serializers.CharField(allow_blank=True, default="", max_length=10)
    purpose = serializers.CharField(allow_blank=True, default="marketing", max_length=10)


class ContactPolicySerializer(StrictSerializer):
    """The contact policy; ``holdout_percent`` of all customers get no marketing at all."""

    caps = CapSerializer(many=True)
    quiet_hours = QuietHoursSerializer(many=True)
    holdout_percent = WholeNumberField()
    time_zone = serializers.CharField(max_length=64, help_text="Of customers whose own zone is not known.")
    version = serializers.IntegerField(read_only=True)


class ContactPolicyView(ApiView):
    """The contact policy of the whole installation."""

    permissions: ClassVar[dict[str, str]] = {"get": "delivery.view", "put": "delivery.manage"}

    @extend_schema(responses={200: ContactPolicySerializer})
    def get(self, request: Request) -> Response:
        """Read the policy."""
        return self._answer(api.get_policy())

    @extend_schema(request=ContactPolicySerializer, responses={200: ContactPolicySerializer})
    def put(self, request: Request) -> Response:
        """Put another policy in force."""
        body = ContactPolicySerializer(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        saved = api.save_policy(
            caps=[ContactCap(**cap) for cap in given["caps"]],
            quiet_hours=[QuietHours(**one) for one in given["quiet_hours"]],
            holdout_percent=given["holdout_percent"],
            time_zone=given["time_zone"],
            actor=self.actor,
            now=clock.now(),
            check_version=if_match(request),
        )
        return self._answer(saved)

    @staticmethod
    def _answer(policy: Any) -> Response:
        response = Response(ContactPolicySerializer(policy).data)
        response["ETag"] = etag_for(policy.version)
        return response


class SuppressionSerializer(serializers.ModelSerializer[Suppression]):
    """A suppressed address; masked for those who may not see what identifies a person."""

    id = serializers.UUIDField(source="public_id", read_only=True)
    address = serializers.SerializerMethodField()

    class Meta:
        model = Suppression
        fields = ("id", "channel", "address", "reason", "origin", "until", "created_at")

    def get_address(self, row: Suppression) -> str:
        """Give the address, or its mask."""
        return row.address if self.context.get("is_revealed") else mask_address(row.address) or ""


class SuppressionWrite(StrictSerializer):
    """An address to which nothing is to go."""

    channel = serializers.ChoiceField(choices=CHANNELS)
    address = serializers.CharField(max_length=254)
    reason = serializers.ChoiceField(choices=REASONS, default=SuppressionReason.MANUAL.value)
    until = serializers.DateTimeField(required=False, allow_null=True, default=None)
    origin = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse what is no address of the channel: nothing would ever be kept from going there."""
        address = api.read_address(attrs["channel"], attrs["address"])
        if address is None:
            raise serializers.ValidationError({"address": ["Not an address of this channel."]}, code="address_invalid")
        return {**attrs, "address": address}


class SuppressionFilter(django_filters.FilterSet):
    """By channel and reason; by an address only for those who may see one."""

    search = django_filters.CharFilter(method="filter_search", label="begins an address")
    channel = django_filters.ChoiceFilter(choices=[(one, one) for one in CHANNELS])
    reason = django_filters.ChoiceFilter(choices=[(one.value, one.value) for one in SuppressionReason])

    class Meta:
        model = Suppression
        fields = ("search", "channel", "reason")

    def filter_search(self, rows: QuerySet[Suppression], name: str, value: str) -> QuerySet[Suppression]:
        """Narrow to what the words begin; whoever may not see an address finds none by it."""
        request = getattr(self, "request", None)
        if request is None or not may_reveal(request):
            return rows.none()
        begins = Q(address__istartswith=value.strip())
        if any(one.isdigit() for one in value):
            number = Func(Value(ChannelCode.SMS.value), Value(value), function="customers_address_key")
            begins |= Q(channel__in=TELEPHONES, address_key__startswith=number)
        return rows.filter(begins)


class SuppressionViewSet(ReadOnlyApiViewSet):
    """Addresses to which nothing goes, newest first."""

    permissions: ClassVar[dict[str, str]] = {
        "list": "delivery.view",
        "retrieve": "delivery.view",
        "create": "delivery.manage",
        "destroy": "delivery.manage",
    }
    queryset = Suppression.objects.order_by("-id")
    serializer_class = SuppressionSerializer
    filter_backends: Any = (DjangoFilterBackend, AllowListedOrdering)
    filterset_class = SuppressionFilter

    def get_serializer(self, *arguments: Any, **options: Any) -> Any:
        """Show whole addresses to those who may see them, and write down that they did, once for all rows."""
        shown = arguments[0] if arguments else []
        rows = list(shown) if isinstance(shown, list | tuple) else [shown]
        is_revealed = reveal(self.request, [str(row.public_id) for row in rows])
        context = {**self.get_serializer_context(), "is_revealed": is_revealed}
        return self.get_serializer_class()(*arguments, **{**options, "context": context})

    @extend_schema(request=SuppressionWrite, responses={201: SuppressionSerializer})
    def create(self, request: Request) -> Response:
        """Let nothing go to an address from now on."""
        body = SuppressionWrite(data=request.data)
        body.is_valid(raise_exception=True)
        row = api.suppress(**body.validated_data, actor=self.actor, now=clock.now())
        return self.respond_with(row, status=201)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, **kwargs: Any) -> Response:
        """Let messages go to an address again."""
        api.lift(suppression_id=self.get_object().public_id, actor=self.actor, now=clock.now())
        return Response(status=204)
