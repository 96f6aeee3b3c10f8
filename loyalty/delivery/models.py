"""Tables of delivery: what is said, and one row per customer that is both the queue and the send ledger."""

from decimal import Decimal

from django.db import models
from django.db.models.functions import Now

from loyalty.delivery.contracts import BudgetScope, ChannelCode, Purpose, ReceiptOutcome, SendState, SuppressionReason
from loyalty.foundation.kernel.ids import new_public_id
from loyalty.foundation.orm.fields import ExactJSONField
from loyalty.foundation.orm.models import PublicModel

CHANNELS = [(code.value, code.value) for code in ChannelCode]
PURPOSES = [(purpose.value, purpose.value) for purpose in Purpose]
OUTCOMES = [(outcome.value, outcome.value) for outcome in ReceiptOutcome]
SUPPRESSION_REASONS = [(reason.value, reason.value) for reason in SuppressionReason]
BUDGET_SCOPES = [(scope.value, scope.value) for scope in BudgetScope]
STATES = [(state.value, state.value) for state in SendState]


class Content(models.Model):
    """A content that was once used, for ever as it was; many messages share one."""

    id = models.BigAutoField(primary_key=True)
    digest = models.BinaryField(unique=True, max_length=32)
    channel = models.CharField(max_length=10, choices=CHANNELS)
    parts = ExactJSONField()
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.channel} {bytes(self.digest).hex()[:12]}"


class MessageTemplate(PublicModel):
    """What may be said again and again on a channel: the draft that is edited, and the number of what is published.

    ``content`` holds the channel's parts by language, ``variables`` the names that may be used with what stands in for
    a missing value, ``fallback_languages`` the languages to write in where the customer's own has no text.
    """

    code = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=200)
    description = models.CharField(max_length=500, blank=True, default="")
    channel = models.CharField(max_length=10, choices=CHANNELS)
    variables = ExactJSONField(default=list)
    fallback_languages = models.JSONField(default=list)
    content = ExactJSONField(default=dict)
    published = models.PositiveIntegerField(null=True)
    is_archived = models.BooleanField(default=False)

    class Meta:
        db_table = "delivery_template"

    def __str__(self) -> str:
        return self.code


class TemplateVersion(models.Model):
    """A template as it was published, for ever: a trigger refuses changes."""

    id = models.BigAutoField(primary_key=True)
    public_id = models.UUIDField(unique=True, editable=False, default=new_public_id)
    template = models.ForeignKey(MessageTemplate, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    variables = ExactJSONField()
    fallback_languages = models.JSONField()
    content = ExactJSONField()
    note = models.CharField(max_length=500, blank=True, default="")
    published_by = models.CharField(max_length=200)
    published_at = models.DateTimeField()

    class Meta:
        db_table = "delivery_template_version"
        constraints = [models.UniqueConstraint(fields=["template", "number"], name="delivery_template_version_once")]

    def __str__(self) -> str:
        return f"{self.template_id} {self.number}"


class TrackedLink(models.Model):
    """An address that messages lead to, placeholders as written; one row however many messages have it."""

    id = models.BigAutoField(primary_key=True)
    digest = models.BinaryField(unique=True, max_length=32)
    target = models.TextField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "delivery_link"

    def __str__(self) -> str:
        return self.target[:80]


class CustomerPreference(models.Model):
    """What a customer chose for themselves beside their consents; ``quiet_hours`` as in the contact policy."""

    id = models.BigAutoField(primary_key=True)
    customer_id = models.BigIntegerField(unique=True)
    language = models.CharField(max_length=20, blank=True, default="", db_default="")
    quiet_hours = models.JSONField(default=list)
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "delivery_preference"

    def __str__(self) -> str:
        return f"{self.customer_id} {self.language}"


class Pace(models.Model):
    """From when on the next messages may go out on a channel whose provider takes only so many a second."""

    channel = models.CharField(max_length=10, primary_key=True, choices=CHANNELS)
    ready_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.channel} {self.ready_at:%H:%M:%S}"


class Message(PublicModel):
    """One thing said on one channel at one occurrence; ``audience_cursor`` is the public id of the customer up to
    whom its queue was filled."""

    occurrence_key = models.CharField(max_length=300)
    channel = models.CharField(max_length=10, choices=CHANNELS)
    purpose = models.CharField(max_length=10, choices=PURPOSES)
    content = models.ForeignKey(Content, on_delete=models.PROTECT, related_name="messages")
    source_kind = models.CharField(max_length=50)
    source_ref = models.UUIDField()
    occurrence_ref = models.UUIDField(null=True)
    priority = models.SmallIntegerField()
    is_test = models.BooleanField(default=False)
    audience_cursor = models.UUIDField(null=True)
    is_complete = models.BooleanField(default=False)
    valid_until = models.DateTimeField(null=True)
    # The program whose budget pays; the source's own is found by its reference.
    program_ref = models.UUIDField(null=True)
    # Other contents by the code of their variant: {code: id of the content}.
    variants = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["occurrence_key", "channel"], name="delivery_message_once"),
        ]
        indexes = [models.Index(fields=["source_ref"], name="delivery_message_source")]

    def __str__(self) -> str:
        return f"{self.channel} {self.occurrence_key}"


class Send(models.Model):
    """One message to one customer, or the reason why it does not go.

    ``due_at``: when a worker may take it next; a claim moves it to the end of the claim's lease, while SENDING it is
    when the outcome is given up as unknown, NULL means held. ``source_ref`` repeats the message's, so that one
    campaign's rows are read by one index.
    """

    id = models.BigAutoField(primary_key=True)
    public_id = models.UUIDField(unique=True, editable=False, default=new_public_id)
    # No constraint in the database: rows come in by the million under a lock on their message, which is never deleted.
    message = models.ForeignKey(
        Message, on_delete=models.PROTECT, related_name="sends", db_index=False, db_constraint=False
    )
    source_ref = models.UUIDField()
    customer_id = models.BigIntegerField()
    channel = models.CharField(max_length=10, choices=CHANNELS)
    priority = models.SmallIntegerField()
    state = models.CharField(max_length=10, choices=STATES)
    reason = models.CharField(max_length=100, default="", db_default="")
    detail = models.CharField(max_length=500, default="", db_default="")
    variables = ExactJSONField(null=True)
    variant = models.CharField(max_length=40, default="", db_default="")
    address = models.CharField(max_length=320, default="", db_default="")
    attempts = models.SmallIntegerField(default=0, db_default=0)
    # What its provider asks for it, by the price that counted when it was begun.
    cost = models.DecimalField(max_digits=12, decimal_places=6, default=Decimal(0), db_default=Decimal(0))
    claim = models.UUIDField(null=True)
    due_at = models.DateTimeField(null=True)
    # Before this instant it is not due, also after it was held and let go.
    not_before = models.DateTimeField(null=True)
    queued_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(null=True)
    clicked_at = models.DateTimeField(null=True)
    unsubscribed_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["message", "customer_id"], name="delivery_send_once"),
            models.CheckConstraint(
                condition=models.Q(state__in=[state.value for state in SendState]), name="delivery_send_state"
            ),
            models.CheckConstraint(
                condition=~models.Q(state__in=["SKIPPED", "FAILED", "BOUNCED", "UNKNOWN"]) | ~models.Q(reason=""),
                name="delivery_send_refusal_has_reason",
            ),
        ]
        indexes = [
            models.Index(
                fields=["channel", "priority", "due_at", "id"],
                name="delivery_send_queue",
                condition=models.Q(state="QUEUED"),
            ),
            models.Index(fields=["due_at"], name="delivery_send_running", condition=models.Q(state="SENDING")),
            models.Index(fields=["source_ref", "id"], name="delivery_send_source"),
            models.Index(fields=["customer_id", "id"], name="delivery_send_customer"),
            # The lists of what went wrong and of what is tried again, each short beside the table.
            models.Index(
                fields=["-id"],
                name="delivery_send_wrong",
                condition=models.Q(state__in=["FAILED", "BOUNCED", "UNKNOWN"]),
            ),
            models.Index(
                fields=["-id"], name="delivery_send_retried", condition=models.Q(state="QUEUED", attempts__gt=0)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.public_id} {self.state}"


class Visit(models.Model):
    """Who came to a message: each link that was followed, and what machines did, which counts nowhere.

    ``machine`` is what shows that it was one, empty for a person; ``target`` is empty for an open.
    """

    id = models.BigAutoField(primary_key=True)
    send = models.ForeignKey(Send, on_delete=models.CASCADE, related_name="visits")
    action = models.CharField(max_length=5, choices=[("open", "open"), ("click", "click")])
    target = models.TextField(blank=True, default="")
    target_digest = models.BinaryField(max_length=32)
    machine = models.CharField(max_length=20, blank=True, default="")
    user_agent = models.CharField(max_length=300, blank=True, default="")
    visits = models.PositiveIntegerField(default=1, db_default=1)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["send", "action", "target_digest", "machine"], name="delivery_visit_once"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.send_id} {self.machine}"


class ProviderReference(models.Model):
    """The name under which a provider knows a send, or one part of it, and what it said of that part."""

    id = models.BigAutoField(primary_key=True)
    channel = models.CharField(max_length=10, choices=CHANNELS)
    reference = models.CharField(max_length=200)
    send = models.ForeignKey(Send, on_delete=models.CASCADE, related_name="references")
    outcome = models.CharField(max_length=10, blank=True, default="", db_default="")
    created_at = models.DateTimeField()

    class Meta:
        db_table = "delivery_reference"
        constraints = [models.UniqueConstraint(fields=["channel", "reference"], name="delivery_reference_once")]

    def __str__(self) -> str:
        return f"{self.channel} {self.reference}"


class ProviderReceipt(models.Model):
    """What a provider said later of one of its references; it waits here until the reference is known."""

    id = models.BigAutoField(primary_key=True)
    channel = models.CharField(max_length=10, choices=CHANNELS)
    reference = models.CharField(max_length=200)
    outcome = models.CharField(max_length=10, choices=OUTCOMES)
    detail = models.CharField(max_length=200, blank=True, default="")
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()
    applied_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "delivery_receipt"
        constraints = [
            models.UniqueConstraint(fields=["channel", "reference", "outcome"], name="delivery_receipt_once"),
            models.CheckConstraint(
                condition=models.Q(outcome__in=[outcome.value for outcome in ReceiptOutcome]),
                name="delivery_receipt_outcome",
            ),
        ]
        indexes = [
            models.Index(fields=["id"], name="delivery_receipt_waiting", condition=models.Q(applied_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.reference} {self.outcome}"


class InboundMessage(PublicModel):
    """What a customer sent us on a channel, word for word, and the keyword that was understood."""

    channel = models.CharField(max_length=10, choices=CHANNELS)
    reference = models.CharField(max_length=200)
    from_address = models.CharField(max_length=254)
    to_address = models.CharField(max_length=254)
    body = models.TextField()
    keyword = models.CharField(max_length=10, blank=True, default="")
    customers = models.PositiveIntegerField(default=0)
    received_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "reference"], name="delivery_inbound_once")]
        indexes = [models.Index(fields=["from_address", "id"], name="delivery_inbound_from")]

    def __str__(self) -> str:
        return f"{self.channel} {self.public_id} {self.keyword}"


class InboundPart(models.Model):
    """A part of a customer's long text message, as it was coded; all of them together are one message.

    A joined one stays for a day, so that a part that the centre brings again is known.
    """

    id = models.BigAutoField(primary_key=True)
    from_address = models.CharField(max_length=254)
    to_address = models.CharField(max_length=254)
    name = models.PositiveIntegerField()
    total = models.PositiveSmallIntegerField()
    number = models.PositiveSmallIntegerField()
    coding = models.PositiveSmallIntegerField()
    coded = models.BinaryField()
    received_at = models.DateTimeField()
    joined_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "delivery_inbound_part"
        constraints = [
            models.UniqueConstraint(
                fields=["from_address", "to_address", "name", "total", "number"], name="delivery_inbound_part_once"
            )
        ]
        indexes = [models.Index(fields=["received_at"], name="delivery_inbound_part_old")]

    def __str__(self) -> str:
        return f"{self.number} of {self.total}"


class InboxItem(PublicModel):
    """A message in the inbox of the operator's app; its public id is that of its send, so it is written once."""

    customer_id = models.BigIntegerField()
    title = models.TextField()
    body = models.TextField()
    url = models.TextField(blank=True, default="")
    expires_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["customer_id", "-id"], name="delivery_inbox", condition=models.Q(removed_at__isnull=True)
            ),
            models.Index(fields=["expires_at"], name="delivery_inbox_end"),
        ]

    def __str__(self) -> str:
        return f"inbox {self.public_id}"


class Suppression(PublicModel):
    """An address to which nothing goes on a channel, whoever it belongs to; for ever, or until an instant."""

    channel = models.CharField(max_length=10, choices=CHANNELS)
    # As it was first written; it holds for every way of writing it.
    address = models.CharField(max_length=254)
    address_key = models.GeneratedField(
        expression=models.Func(models.F("channel"), models.F("address"), function="customers_address_key"),
        output_field=models.CharField(max_length=254),
        db_persist=True,
    )
    reason = models.CharField(max_length=10, choices=SUPPRESSION_REASONS)
    origin = models.CharField(max_length=200, blank=True, default="")
    until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["channel", "address_key"], name="delivery_suppression_once"),
            models.CheckConstraint(
                condition=models.Q(reason__in=[reason.value for reason in SuppressionReason]),
                name="delivery_suppression_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.public_id} {self.reason}"


class MessageBudget(PublicModel):
    """The most that messages may cost: all of a source, all of a program, or everything within a calendar month.

    ``spent`` is counted where a message is begun, under one lock, so that two workers never spend the same room; for a
    month it belongs to ``month``, and the first message of another month begins anew.
    """

    scope = models.CharField(max_length=10, choices=BUDGET_SCOPES)
    ref = models.UUIDField(null=True)
    amount = models.DecimalField(max_digits=15, decimal_places=2)
    spent = models.DecimalField(max_digits=17, decimal_places=6, default=Decimal(0), db_default=Decimal(0))
    month = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["scope", "ref"], name="delivery_budget_once", nulls_distinct=False),
            models.CheckConstraint(
                condition=models.Q(scope__in=[scope.value for scope in BudgetScope]), name="delivery_budget_scope"
            ),
            models.CheckConstraint(
                condition=models.Q(scope="month", ref=None) | (~models.Q(scope="month") & models.Q(ref__isnull=False)),
                name="delivery_budget_ref",
            ),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="delivery_budget_amount"),
        ]

    def __str__(self) -> str:
        return f"{self.scope} {self.ref or ''} {self.amount}"


class ContactPolicy(PublicModel):
    """The contact policy: one row, which counts its edits."""

    is_only = models.BooleanField(default=True, unique=True)
    caps = models.JSONField(default=list)
    quiet_hours = models.JSONField(default=list)
    holdout_percent = models.PositiveSmallIntegerField(default=0)
    # What makes the held-out customers the same at every message, and others in another installation.
    holdout_salt = models.CharField(max_length=32)
    time_zone = models.CharField(max_length=64, default="UTC")
    # When they last changed, until all that was held by the old ones is planned anew.
    quiet_changed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(is_only=True), name="delivery_policy_one"),
            models.CheckConstraint(condition=models.Q(holdout_percent__lte=50), name="delivery_policy_holdout"),
        ]

    def __str__(self) -> str:
        return f"contact policy {self.version}"
