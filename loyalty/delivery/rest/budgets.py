"""Routes of the budgets of messages."""

from typing import Any, ClassVar

from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.delivery import api
from loyalty.delivery.contracts import ChannelCode
from loyalty.delivery.models import BUDGET_SCOPES, MessageBudget
from loyalty.foundation.kernel import clock
from loyalty.foundation.web.serializers import StrictSerializer
from loyalty.foundation.web.views import ApiView, ReadOnlyApiViewSet


class MessageBudgetSerializer(serializers.ModelSerializer[MessageBudget]):
    """A budget, what is spent of it, and the month that this belongs to; ``left`` is what may still be spent now."""

    id = serializers.UUIDField(source="public_id")
    left = serializers.SerializerMethodField()
    currency = serializers.SerializerMethodField()

    class Meta:
        model = MessageBudget
        fields = ("id", "scope", "ref", "amount", "spent", "month", "left", "currency", "created_at")

    def get_left(self, budget: MessageBudget) -> str:
        """What may still be spent: all of it when another month has begun."""
        return str(api.left_of(budget, clock.now()))

    def get_currency(self, budget: MessageBudget) -> str:
        """The currency of all costs."""
        return api.cost_currency()


class MessageCostsSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """What one message costs on each channel, a text message each of its segments; decimals as text."""

    currency = serializers.CharField()
    prices = serializers.DictField(child=serializers.CharField())


class MessageCostsView(ApiView):
    """What messages cost, as the section ``message-costs`` of the configuration says."""

    permissions: ClassVar[dict[str, str]] = {"get": "delivery.view"}

    @extend_schema(responses={200: MessageCostsSerializer})
    def get(self, request: Request) -> Response:
        """Give the price of a message on every channel."""
        prices = api.cost_per_message([channel.value for channel in ChannelCode])
        told = {channel: str(price) for channel, price in prices.items()}
        return Response({"currency": api.cost_currency(), "prices": told})


class MessageBudgetWrite(StrictSerializer):
    """The most that messages may cost; ``ref`` is a source (a campaign) or a program, and none for a month."""

    scope = serializers.ChoiceField(choices=BUDGET_SCOPES)
    ref = serializers.UUIDField(required=False, allow_null=True, default=None)
    amount = serializers.DecimalField(max_digits=15, decimal_places=2)


class MessageBudgetViewSet(ReadOnlyApiViewSet):
    """Budgets of messages, the newest first."""

    permissions: ClassVar[dict[str, str]] = {
        "list": "delivery.view",
        "retrieve": "delivery.view",
        "create": "delivery.manage",
        "destroy": "delivery.manage",
    }
    queryset = MessageBudget.objects.order_by("-id")
    serializer_class = MessageBudgetSerializer
    filter_backends: Any = (DjangoFilterBackend,)
    filterset_fields = ("scope", "ref")

    @extend_schema(request=MessageBudgetWrite, responses={200: MessageBudgetSerializer})
    def create(self, request: Request) -> Response:
        """Set the budget of a source, a program or a month, in place of the one that it has."""
        body = MessageBudgetWrite(data=request.data)
        body.is_valid(raise_exception=True)
        return self.respond_with(api.set_budget(**body.validated_data, actor=self.actor, now=clock.now()))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, **kwargs: Any) -> Response:
        """Let no budget bound these messages any more."""
        api.remove_budget(budget_id=self.get_object().public_id, actor=self.actor, now=clock.now())
        return Response(status=204)
