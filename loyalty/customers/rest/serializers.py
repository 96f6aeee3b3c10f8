"""Bodies of the customers routes."""

from typing import Any

from rest_framework import serializers

from loyalty.customers.contracts import Channel, ConsentView, Purpose
from loyalty.customers.models import Customer
from loyalty.customers.queries import consents_of
from loyalty.foundation.web import masking
from loyalty.foundation.web.serializers import ExactJSONField, StrictSerializer


class ContactPointSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """An address as answered."""

    channel = serializers.CharField()
    address = serializers.CharField()
    is_primary = serializers.BooleanField()


class ConsentSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """What a customer allows on one channel for one purpose."""

    channel = serializers.CharField()
    purpose = serializers.CharField()
    is_granted = serializers.BooleanField()
    source = serializers.CharField()  # type: ignore[assignment]
    changed_at = serializers.DateTimeField(allow_null=True)


class CustomerSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A customer as answered; ``email`` and ``phone`` are the primary ones, ``is_masked`` tells that it is masked."""

    id = serializers.UUIDField(source="public_id")
    customer_id = serializers.UUIDField(source="public_id")
    customer_ref = serializers.CharField()
    first_name = serializers.CharField()
    last_name = serializers.CharField()
    email = serializers.SerializerMethodField()
    phone = serializers.SerializerMethodField()
    status = serializers.CharField()
    language = serializers.CharField()
    time_zone = serializers.CharField()
    city = serializers.CharField()
    gender = serializers.CharField()
    birth_date = serializers.DateField(allow_null=True)
    customer_since = serializers.DateField(allow_null=True)
    source = serializers.CharField()  # type: ignore[assignment]
    contact_points = ContactPointSerializer(many=True)
    consents = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    is_masked = serializers.SerializerMethodField()

    def get_is_masked(self, customer: Customer) -> bool:
        """Whether names, addresses and the date of birth are masked."""
        return not self.context.get("is_revealed")

    @staticmethod
    def _primary(customer: Customer, channel: Channel) -> str | None:
        points = customer.contact_points.all()
        return next((one.address for one in points if one.channel == channel and one.is_primary), None)

    def get_email(self, customer: Customer) -> str | None:
        """Give the primary e-mail address."""
        return self._primary(customer, Channel.EMAIL)

    def get_phone(self, customer: Customer) -> str | None:
        """Give the primary phone number."""
        return self._primary(customer, Channel.SMS)

    def to_representation(self, instance: Customer) -> dict[str, Any]:
        """Give the customer; masked but for a caller who may see personal data, which the view has looked up."""
        told: dict[str, Any] = super().to_representation(instance)
        return told if self.context.get("is_revealed") else masking.masked(told)

    def get_consents(self, customer: Customer) -> list[dict[str, Any]]:
        """Give every channel and purpose, defaults included."""
        return list(ConsentSerializer(consents_of(customer), many=True).data)


class ConsentAnswerSerializer(StrictSerializer):
    """One answer of the customer."""

    channel = serializers.ChoiceField(choices=[str(one) for one in Channel])
    purpose = serializers.ChoiceField(choices=[str(one) for one in Purpose])
    is_granted = serializers.BooleanField()


class ConsentsAnswerSerializer(StrictSerializer):
    """Answers of the customer, and why they were changed."""

    consents = serializers.ListField(child=ConsentAnswerSerializer(), allow_empty=False, max_length=20)
    reason = serializers.CharField(max_length=300, required=False, default="", allow_blank=True)


class ConsentsSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """All that a customer allows."""

    customer_id = serializers.UUIDField()
    consents = ConsentSerializer(many=True)

    @staticmethod
    def body(customer: Customer, views: list[ConsentView]) -> dict[str, Any]:
        """Give the answer of the consents routes."""
        return {"customer_id": customer.public_id, "consents": ConsentSerializer(views, many=True).data}


class ErasureSerializer(StrictSerializer):
    """The customer's reference, typed to confirm, and why the customer is erased."""

    confirmation = serializers.CharField(max_length=100)
    reason = serializers.CharField(max_length=300)


class ErasureCertificateSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """When a customer was erased, and how many rows of each store held personal data."""

    customer_id = serializers.UUIDField()
    erased_at = serializers.DateTimeField()
    stores = serializers.DictField(child=serializers.IntegerField())


class MergeSerializer(StrictSerializer):
    """Who stays, by public id or reference; the reference of the one who goes, typed to confirm; and why."""

    into = serializers.CharField(max_length=100)
    confirmation = serializers.CharField(max_length=100)
    reason = serializers.CharField(max_length=300)


class MergeCertificateSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """Into whom the customer was merged and when, and how many rows of each store went over."""

    customer_id = serializers.UUIDField()
    into_id = serializers.UUIDField()
    merged_at = serializers.DateTimeField()
    stores = serializers.DictField(child=serializers.IntegerField())


class InboundEventSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """One event as senders write it; read row by row, so that one bad event does not refuse the others."""

    event_id = serializers.CharField(max_length=200)
    event_type = serializers.CharField(max_length=80)
    customer_id = serializers.UUIDField(required=False)
    customer_ref = serializers.CharField(max_length=100, required=False)
    occurred_at = serializers.DateTimeField()
    event_data = ExactJSONField(required=False)


class InboundEventsSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A batch of at most 1,000 events."""

    events = InboundEventSerializer(many=True)


class EventsEnvelopeSerializer(StrictSerializer):
    """The outer form of a batch; the events themselves are judged one by one."""

    events = serializers.ListField(child=ExactJSONField(allow_null=True), allow_empty=False)


class RejectedEventSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """An event that was not taken in."""

    index = serializers.IntegerField()
    event_id = serializers.CharField()
    code = serializers.CharField()
    message = serializers.CharField()
    field = serializers.CharField()


class EventsReportSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """What became of a batch."""

    accepted = serializers.IntegerField()
    duplicates = serializers.IntegerField()
    rejected = RejectedEventSerializer(many=True)


class EventSourceSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A source of signed events, without its secret."""

    id = serializers.UUIDField(source="public_id")
    code = serializers.CharField()
    name = serializers.CharField()
    is_active = serializers.BooleanField()
    created_at = serializers.DateTimeField()


class NewEventSourceSerializer(StrictSerializer):
    """A source to create."""

    code = serializers.SlugField(max_length=50)
    name = serializers.CharField(max_length=100)


class IssuedEventSourceSerializer(EventSourceSerializer):
    """A source with its secret, shown once."""

    secret = serializers.CharField()
