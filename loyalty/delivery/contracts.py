"""What crosses the border of delivery: messages, audiences, counts, sends."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from decimal import Decimal
from enum import StrEnum


class ChannelCode(StrEnum):
    """Every channel the platform knows by name; one without a kind in this version is refused."""

    EMAIL = "email"
    SMS = "sms"
    PUSH = "push"
    IN_APP = "in_app"
    WEBHOOK = "webhook"
    WHATSAPP = "whatsapp"


class Purpose(StrEnum):
    """Why a customer is written to; consent is given for a channel and a purpose."""

    MARKETING = "marketing"
    SERVICE = "service"


class SendState(StrEnum):
    """The life of one send. UNKNOWN: it may or may not have gone, and is never repeated by itself."""

    QUEUED = "QUEUED"
    SENDING = "SENDING"
    SENT = "SENT"
    DELIVERED = "DELIVERED"
    OPENED = "OPENED"
    CLICKED = "CLICKED"
    BOUNCED = "BOUNCED"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"
    UNKNOWN = "UNKNOWN"
    COMPLAINED = "COMPLAINED"


class ReceiptOutcome(StrEnum):
    """What a provider says later of a message that it took.

    REFUSED: the address is no good; COMPLAINED: the customer called it spam.
    """

    DELIVERED = "delivered"
    FAILED = "failed"
    REFUSED = "refused"
    COMPLAINED = "complained"


class Exclusion(StrEnum):
    """Why a customer of the audience is not written to, in the order in which the reasons are asked."""

    FORBIDDEN = "forbidden"
    NO_CONSENT = "no_consent"
    SUPPRESSED = "suppressed"
    HOLDOUT = "holdout"
    CONTROL = "control"
    REPEATED = "repeated"
    PAST_TIME = "past_time"
    CAPPED = "capped"
    NO_ADDRESS = "no_address"
    BUDGET = "budget"


class Hold(StrEnum):
    """Why a message that is to go does not go yet."""

    QUIET_HOURS = "quiet_hours"
    # There is room for one under a cap, and a better message goes first; the send's detail names its occurrence.
    OUTRANKED = "outranked"


class BudgetScope(StrEnum):
    """What a budget is for: one source of messages (a campaign), a program, or a calendar month of everything."""

    SOURCE = "source"
    PROGRAM = "program"
    MONTH = "month"


class SuppressionReason(StrEnum):
    """Why nothing goes to an address. LEGAL stands before everything, also before consent."""

    LEGAL = "legal"
    COMPLAINED = "complained"
    BOUNCED = "bounced"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class ContactCap:
    """At most so many messages to a customer within so many hours; an empty channel or purpose means each."""

    sends_max: int
    hours: int
    channel: str = ""
    purpose: str = Purpose.MARKETING.value


@dataclass(frozen=True, slots=True)
class QuietHours:
    """When a customer is not disturbed, by the customer's own clock; over midnight when they end before they start."""

    starts: time
    ends: time
    channel: str = ""
    purpose: str = Purpose.MARKETING.value


@dataclass(frozen=True, slots=True)
class ContactPolicyView:
    """The contact policy that counts now; ``holdout_percent`` of all customers get no marketing at all."""

    caps: tuple[ContactCap, ...]
    quiet_hours: tuple[QuietHours, ...]
    holdout_percent: int
    time_zone: str
    version: int


@dataclass(frozen=True, slots=True)
class Audience:
    """Who is meant, as a set: a SELECT giving each customer once.

    Its columns: ``customer_id bigint``, ``customer_public_id uuid``, ``variables jsonb`` (values for the template, or
    NULL). The text is written by a domain's code, never by a user; values go in ``params``.

    ``more`` names which of these it gives besides: ``variant text`` (which of the message's contents), ``refusal text``
    (a reason of the source's own not to write, asked right after the holdout), ``due_at timestamptz`` (not before) and
    ``message uuid`` (the public id of a message of its own, where each customer has one).

    ``stretch`` are the internal ids between which all customers lie, the second left out, where most of the ids between
    them are meant. Its text then joins the customers by ``NEIGHBOURS`` and gives ``address``, ``is_consented`` and
    ``time_zone`` of that besides, so that nobody is looked up alone.
    """

    sql: str
    params: Mapping[str, object] = field(default_factory=dict)
    more: frozenset[str] = frozenset()
    stretch: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class MessageRequest:
    """One thing to say on one channel at one occurrence.

    ``occurrence_key`` with the channel is unique for ever: asking again gives the first message back.
    ``source_ref`` is the object that speaks (a campaign), ``occurrence_ref`` its occasion, if it has an id of its own.
    ``content`` is the channel's own, for e-mail ``{"subject", "body"}``; ``variables`` are those that the audience
    may carry besides the ones delivery knows itself. What is not sent by ``valid_until`` is not sent any more.
    ``variants`` are other contents by their code, for the customers whose row of the audience names one.
    ``budget_amount`` is the most that all messages of the source may cost, ``program_ref`` the program that pays.
    """

    occurrence_key: str
    channel: str
    purpose: str
    content: Mapping[str, str]
    variables: tuple[str, ...]
    source_kind: str
    source_ref: uuid.UUID
    occurrence_ref: uuid.UUID | None = None
    priority: int = 5
    is_test: bool = False
    valid_until: datetime | None = None
    variants: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    budget_amount: Decimal | None = None
    program_ref: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class NewMessage:
    """One of several messages that say the same, each at an occurrence of its own; ``id`` is the one it is to have."""

    id: uuid.UUID
    occurrence_key: str
    occurrence_ref: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class AudienceCount:
    """How many are meant, how many of them may be written to, and why the others may not."""

    audience: int
    sendable: int
    excluded: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ReachCount:
    """How many customers are written to by which of several channels that stand in for each other, and why not."""

    by_channel: Mapping[str, int]
    excluded: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class EnqueuedChunk:
    """What one step of filling the queue did; ``is_complete`` when the audience is through."""

    placed: int
    queued: int
    excluded: Mapping[str, int]
    is_complete: bool


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message as one customer gets it; ``url`` is where a notice leads, ``parts`` what only its own channel reads."""

    subject: str
    html: str
    text: str
    url: str = ""
    parts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What a channel is handed for one customer."""

    send_id: uuid.UUID
    address: str
    rendered: Rendered
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Receipt:
    """The next server took the message over; ``is_final`` when that server is the customer's own.

    ``references`` are the names under which the server tells later what became of it, one for each part; ``units`` is
    how many it charges for.
    """

    references: tuple[str, ...] = ()
    is_final: bool = False
    units: int = 1


@dataclass(frozen=True, slots=True)
class SendView:
    """One send as others may see it."""

    id: uuid.UUID
    channel: str
    state: str
    reason: str
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class MessageView:
    """A message that was opened for an occurrence."""

    id: uuid.UUID
    channel: str
    is_complete: bool


@dataclass(frozen=True, slots=True)
class BatchReport:
    """What one batch of sending did; ``is_channel_down`` when the rest was put back because nothing works.

    ``held`` went back to the queue: it is quiet at the customer's, or better messages wait for the same room.
    """

    claimed: int = 0
    sent: int = 0
    skipped: int = 0
    held: int = 0
    retried: int = 0
    failed: int = 0
    unknown: int = 0
    is_channel_down: bool = False


@dataclass(frozen=True, slots=True)
class TemplateVariable:
    """A name that a template may use; without a ``fallback`` a customer who has no value is skipped."""

    name: str
    description: str = ""
    fallback: str | None = None
    sample: str = ""


@dataclass(frozen=True, slots=True)
class TemplateDraft:
    """What of a template is edited; ``content`` holds the channel's parts by language."""

    name: str
    fallback_languages: tuple[str, ...]
    content: Mapping[str, Mapping[str, str]]
    variables: tuple[TemplateVariable, ...] = ()
    description: str = ""


class Severity(StrEnum):
    """How bad a finding is; nothing but an ERROR keeps a template from being published."""

    ERROR = "error"
    WARNING = "warning"
    HINT = "hint"


@dataclass(frozen=True, slots=True)
class Finding:
    """What may hurt a text on its way: a stable code, the part it is about, and what it is about, for people."""

    code: str
    severity: Severity
    field: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class TemplatePreview:
    """A template as one customer gets it; ``missing`` names the variable without which the customer is skipped.

    ``figures`` are the channel's own: bytes of a mail, characters and segments of a text message.
    """

    language: str
    languages: tuple[str, ...]
    rendered: Rendered | None
    missing: str
    findings: tuple[Finding, ...]
    figures: Mapping[str, int | str]


@dataclass(frozen=True, slots=True)
class Choice:
    """What a customer allows on a channel for a purpose."""

    channel: str
    purpose: str
    is_granted: bool


@dataclass(frozen=True, slots=True)
class CustomerChoices:
    """A customer's own choices; ``languages`` are those that they can choose from, their own among them."""

    choices: tuple[Choice, ...]
    language: str
    languages: tuple[str, ...]
    quiet_starts: time | None
    quiet_ends: time | None
    is_test: bool


@dataclass(frozen=True, slots=True)
class WayOut:
    """What an unsubscribe link is about, the language of who holds it, and the token of all their choices."""

    channel: str
    purpose: str
    language: str
    preferences_token: str
