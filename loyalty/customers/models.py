"""Tables of customers."""

from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models import F, Func
from django.db.models.functions import Now, Upper

from loyalty.customers.contracts import AttributeKind, Channel, CustomerStatus, DevicePlatform, Purpose
from loyalty.foundation.orm.fields import ExactJSONField
from loyalty.foundation.orm.models import PublicModel

CHANNELS = [(str(one), str(one)) for one in Channel]
PURPOSES = [(str(one), str(one)) for one in Purpose]
PLATFORMS = [(str(one), str(one)) for one in DevicePlatform]
STATUSES = [(str(one), str(one)) for one in CustomerStatus]
ATTRIBUTE_KINDS = [(str(one), str(one)) for one in AttributeKind]


def prefix_index(column: str, name: str) -> models.Index:
    """Make the index that serves ``istartswith``, which Django writes as UPPER(…) LIKE."""
    return models.Index(OpClass(Upper(column), name="text_pattern_ops"), name=name)


class Customer(PublicModel):
    """A person known to the BSS; ``public_id`` derives from ``customer_ref`` and is the warehouse's customer_id."""

    customer_ref = models.CharField(max_length=100, unique=True)
    first_name = models.CharField(max_length=100, blank=True, default="")
    last_name = models.CharField(max_length=100, blank=True, default="")
    status = models.CharField(max_length=10, choices=STATUSES, default=CustomerStatus.ACTIVE.value)
    language = models.CharField(max_length=10, default="en")
    time_zone = models.CharField(max_length=50, default="UTC")
    city = models.CharField(max_length=100, blank=True, default="")
    gender = models.CharField(max_length=20, blank=True, default="")
    birth_date = models.DateField(null=True)
    customer_since = models.DateField(null=True)
    source = models.CharField(max_length=30)
    # When an import last told the whole profile; what is older counts no more. Events have a mark for each field.
    told_at = models.DateTimeField(null=True)
    # When the person was erased: nothing here says any more who it was, and no source brings it back.
    erased_at = models.DateTimeField(null=True)
    # Who turned out to be another customer: its reference and its id lead to that one, which is none of these itself.
    merged_into = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    merged_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["merged_into"], name="customers_merged", condition=models.Q(merged_into__isnull=False)
            ),
            models.Index(fields=["public_id"], name="customers_erased", condition=models.Q(erased_at__isnull=False)),
            prefix_index("customer_ref", "customers_ref_prefix"),
            prefix_index("first_name", "customers_first_prefix"),
            prefix_index("last_name", "customers_last_prefix"),
            models.Index(fields=["status", "-id"], name="customers_status"),
        ]

    def __str__(self) -> str:
        return self.customer_ref


class ProfileMark(models.Model):
    """Which word of which source a customer's fields are, so that an older one that comes later passes by.

    ``marks`` is, by the name of a field, the instant, the version or null, and the source; ``latest_at`` is the latest
    of the instants.
    """

    customer = models.OneToOneField(Customer, on_delete=models.CASCADE, primary_key=True, related_name="+")
    marks = models.JSONField()
    latest_at = models.DateTimeField()

    class Meta:
        db_table = "customers_profile_mark"

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.latest_at}"


class ContactPoint(models.Model):
    """An address of a customer on one channel; at most one per channel is primary."""

    id = models.BigAutoField(primary_key=True)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="contact_points")
    channel = models.CharField(max_length=10, choices=CHANNELS)
    address = models.CharField(max_length=254)
    is_primary = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["customer", "channel", "address"], name="customers_contact_once"),
            models.UniqueConstraint(
                fields=["customer", "channel"],
                condition=models.Q(is_primary=True),
                include=["address"],
                name="customers_contact_one_primary",
            ),
        ]
        indexes = [
            prefix_index("address", "customers_contact_prefix"),
            # Whose number it is that wrote to us, however the source writes it.
            models.Index(
                Func(F("channel"), F("address"), function="customers_address_key"),
                name="customers_contact_key",
                condition=models.Q(channel__in=["sms", "whatsapp"], is_primary=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.address}"


class Device(PublicModel):
    """An app on a customer's telephone that push messages reach; its service tells when the token is no good any more.

    ``device_ref`` is the app's own name for itself and stays when the token is replaced. A token belongs to one device
    alone: who signs in on a telephone takes it over from who was signed in before.
    """

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="devices", db_index=False)
    device_ref = models.CharField(max_length=200)
    platform = models.CharField(max_length=10, choices=PLATFORMS)
    token = models.CharField(max_length=4_096)
    # A token is longer than an entry of an index may be.
    token_digest = models.BinaryField(max_length=32)
    app_version = models.CharField(max_length=50, blank=True, default="", db_default="")
    language = models.CharField(max_length=10, blank=True, default="", db_default="")
    seen_at = models.DateTimeField()
    disabled_at = models.DateTimeField(null=True)
    disabled_reason = models.CharField(max_length=100, blank=True, default="", db_default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["customer", "device_ref"], name="customers_device_once"),
            models.UniqueConstraint(fields=["platform", "token_digest"], name="customers_device_token_once"),
            models.CheckConstraint(
                condition=models.Q(platform__in=[str(one) for one in DevicePlatform]), name="customers_device_platform"
            ),
        ]
        indexes = [
            models.Index(fields=["customer"], name="customers_device_active", condition=models.Q(disabled_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.platform} {self.public_id}"


class Consent(models.Model):
    """What a customer allows now, per channel and purpose; no row means that the default stands."""

    id = models.BigAutoField(primary_key=True)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="consents")
    channel = models.CharField(max_length=10, choices=CHANNELS)
    purpose = models.CharField(max_length=10, choices=PURPOSES)
    is_granted = models.BooleanField()
    source = models.CharField(max_length=50)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "channel", "purpose"], include=["is_granted"], name="customers_consent_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.purpose} {self.is_granted}"


class ConsentChange(models.Model):
    """One answer of a customer, kept for ever: a trigger refuses changes."""

    id = models.BigAutoField(primary_key=True)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="consent_changes")
    channel = models.CharField(max_length=10, choices=CHANNELS)
    purpose = models.CharField(max_length=10, choices=PURPOSES)
    is_granted = models.BooleanField()
    source = models.CharField(max_length=50)
    reason = models.CharField(max_length=300, blank=True, default="", db_default="")
    changed_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        indexes = [models.Index(fields=["customer", "-id"], name="customers_consent_history")]

    def __str__(self) -> str:
        return f"{self.channel} {self.purpose} {self.is_granted} {self.changed_at}"


class EventSource(PublicModel):
    """A sender of signed events. The secret derives from the platform's key and ``salt``; it is not stored."""

    code = models.SlugField(max_length=50, unique=True)
    name = models.CharField(max_length=100)
    salt = models.CharField(max_length=64)
    is_active = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.code


class CustomerEvent(models.Model):
    """An event taken in from outside, once per source and event id."""

    id = models.BigAutoField(primary_key=True)
    source = models.CharField(max_length=50)
    event_id = models.CharField(max_length=200)
    type = models.CharField(max_length=80)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+")
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()
    data = ExactJSONField()

    class Meta:
        db_table = "customers_event"
        constraints = [models.UniqueConstraint(fields=["source", "event_id"], name="customers_event_once")]
        indexes = [models.Index(fields=["customer", "-occurred_at"], name="customers_event_timeline")]

    def __str__(self) -> str:
        return f"{self.source} {self.event_id}"


class PersonalDataHour(models.Model):
    """How many people's personal data a person was shown in the hour that runs; one row each."""

    person_ref = models.CharField(max_length=100, primary_key=True)
    hour = models.DateTimeField()
    people = models.BigIntegerField()

    class Meta:
        db_table = "customers_pii_hour"

    def __str__(self) -> str:
        return f"{self.person_ref}: {self.people}"


class Attribute(PublicModel):
    """A value that the operator keeps about customers. Code and kind stay; rules read it as ``attribute_<code>``."""

    code = models.CharField(max_length=40, unique=True)
    label = models.CharField(max_length=100)
    description = models.CharField(max_length=500, blank=True, default="")
    kind = models.CharField(max_length=10, choices=ATTRIBUTE_KINDS)
    # What a choice may be; a value that was taken out stays with whoever has it.
    choices = models.JSONField(default=list)
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=[str(one) for one in AttributeKind]), name="customers_attribute_kind"
            ),
        ]

    def __str__(self) -> str:
        return self.code


class AttributeValues(models.Model):
    """The attributes of one customer by their codes: one row, so that a set of customers is one look for each."""

    customer = models.OneToOneField(Customer, on_delete=models.CASCADE, primary_key=True, related_name="+")
    data = ExactJSONField(default=dict)
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "customers_attribute_values"

    def __str__(self) -> str:
        return f"attributes of {self.customer_id}"


class AttributeChange(models.Model):
    """That somebody or something set an attribute of a customer, once for each key; also where nothing changed."""

    id = models.BigAutoField(primary_key=True)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+", db_index=False)
    attribute = models.ForeignKey(Attribute, on_delete=models.PROTECT, related_name="+", db_index=False)
    # JSON null where there is no value.
    value = ExactJSONField()
    previous = ExactJSONField()
    source = models.CharField(max_length=50)
    actor = models.CharField(max_length=200, blank=True, default="", db_default="")
    key = models.CharField(max_length=250, null=True)
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "customers_attribute_change"
        constraints = [models.UniqueConstraint(fields=["key"], name="customers_attribute_change_once")]
        indexes = [models.Index(fields=["customer", "attribute", "-id"], name="customers_attribute_history")]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.attribute_id} {self.changed_at}"
