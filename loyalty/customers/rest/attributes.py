"""Routes of attributes: what is kept about customers, and what one customer has."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.customers import api
from loyalty.customers.models import ATTRIBUTE_KINDS, Attribute
from loyalty.customers.rest.devices import customer_named
from loyalty.foundation.kernel import clock
from loyalty.foundation.web.etag import if_match
from loyalty.foundation.web.serializers import ExactJSONField, StrictSerializer
from loyalty.foundation.web.views import ApiView, ReadOnlyApiViewSet


class AttributeSerializer(serializers.ModelSerializer[Attribute]):
    """An attribute; ``field`` is the name by which rules and texts read it."""

    id = serializers.UUIDField(source="public_id", read_only=True)
    choices = serializers.ListField(child=serializers.CharField(), read_only=True)
    field = serializers.SerializerMethodField()

    class Meta:
        model = Attribute
        fields = (
            "id", "code", "label", "description", "kind", "choices", "is_active", "field", "created_at", "updated_at",
            "version",
        )  # fmt: skip

    @staticmethod
    def get_field(row: Attribute) -> str:
        """Give the name of the feature."""
        return f"attribute_{row.code}"


class ChangedAttributeSerializer(StrictSerializer):
    """What may be changed of an attribute."""

    label = serializers.CharField(max_length=100, required=False)  # type: ignore[assignment]
    description = serializers.CharField(max_length=500, required=False, allow_blank=True)
    choices = serializers.ListField(
        child=serializers.CharField(max_length=100), required=False, max_length=100, help_text="Of a choice only."
    )
    is_active = serializers.BooleanField(required=False)


class NewAttributeSerializer(StrictSerializer):
    """An attribute to be defined; its code and its kind stay for ever."""

    code = serializers.CharField(max_length=40)
    label = serializers.CharField(max_length=100)  # type: ignore[assignment]
    description = serializers.CharField(max_length=500, required=False, allow_blank=True)
    kind = serializers.ChoiceField(choices=ATTRIBUTE_KINDS)
    choices = serializers.ListField(
        child=serializers.CharField(max_length=100), required=False, max_length=100, help_text="Of a choice only."
    )


class HeldValueSerializer(serializers.Serializer[Any]):
    """The value of an attribute that a customer has, null for none, and who set it when."""

    code = serializers.CharField(source="attribute.code")
    label = serializers.CharField(source="attribute.label")  # type: ignore[assignment]
    kind = serializers.CharField(source="attribute.kind")
    choices = serializers.ListField(source="attribute.choices", child=serializers.CharField())
    is_active = serializers.BooleanField(source="attribute.is_active")
    value = ExactJSONField(allow_null=True)
    source = serializers.CharField(allow_blank=True)  # type: ignore[assignment]
    actor = serializers.CharField(allow_blank=True)
    changed_at = serializers.DateTimeField(allow_null=True)


class ChangedValuesSerializer(StrictSerializer):
    """Values by the codes of attributes; null takes one away, what is not named stays."""

    values = serializers.DictField(child=ExactJSONField(allow_null=True), allow_empty=False)
    reason = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")


class AttributeViewSet(ReadOnlyApiViewSet):
    """Attributes that are kept about customers, by their labels."""

    permissions: ClassVar[dict[str, str]] = {
        "list": "customers.view",
        "retrieve": "customers.view",
        "create": "customers.manage_attributes",
        "partial_update": "customers.manage_attributes",
    }
    queryset = Attribute.objects.none()
    serializer_class = AttributeSerializer

    def get_queryset(self) -> QuerySet[Attribute]:
        """Give them in order."""
        return Attribute.objects.order_by("label", "code")

    @extend_schema(request=NewAttributeSerializer, responses={201: AttributeSerializer})
    def create(self, request: Request) -> Response:
        """Define an attribute."""
        body = NewAttributeSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        made = api.define_attribute(**body.validated_data, actor=self.actor, now=clock.now())
        return self.respond_with(Attribute.objects.get(public_id=made.id), status=201)

    @extend_schema(request=ChangedAttributeSerializer, responses={200: AttributeSerializer})
    def partial_update(self, request: Request, **kwargs: Any) -> Response:
        """Change what it is called, what may be chosen, or whether it is set and read."""
        body = ChangedAttributeSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        api.change_attribute(
            attribute_id=self.get_object().public_id,
            changes=body.validated_data,
            actor=self.actor,
            now=clock.now(),
            check_version=if_match(request),
        )
        return self.respond_with(self.get_object())


class ValuesView(ApiView):
    """The attributes of one customer, by public id or reference."""

    permissions: ClassVar[dict[str, str]] = {"get": "customers.view", "patch": "customers.set_attributes"}

    @extend_schema(responses={200: HeldValueSerializer(many=True)})
    def get(self, request: Request, id: str) -> Response:  # noqa: A002 - the name in the contract's address
        """Give each with its value, and who set it when."""
        return Response(HeldValueSerializer(api.list_values(customer_named(id)), many=True).data)

    @extend_schema(request=ChangedValuesSerializer, responses={200: HeldValueSerializer(many=True)})
    def patch(self, request: Request, id: str) -> Response:  # noqa: A002 - the name in the contract's address
        """Set those that are named, all or none."""
        body = ChangedValuesSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        held = api.change_values(
            customer_id=customer_named(id), **body.validated_data, actor=self.actor, now=clock.now()
        )
        return Response(HeldValueSerializer(held, many=True).data)
