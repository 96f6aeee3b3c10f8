"""Reads of campaigns: the audience as a set, a customer of it, performance."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from loyalty.campaigns.contracts import CampaignStatus
from loyalty.campaigns.errors import CampaignNotFound, CustomerUnknown
from loyalty.campaigns.kinds import event, registry, threshold
from loyalty.campaigns.models import Campaign
from loyalty.delivery import api as delivery
from loyalty.features import api as features
from loyalty.foundation.kernel.exact_json import ExactDecoder, dumps_exact
from loyalty.foundation.kernel.grants import Place, Scope
from loyalty.foundation.orm import sql
from loyalty.foundation.rules.contracts import EventType, Field, FieldType
from loyalty.foundation.web.scoping import is_public_id
from loyalty.segments.contracts import Usage

CHANNELS = tuple(delivery.ChannelCode)
# How long after a send what a customer does counts for it.
ATTRIBUTION = timedelta(days=7)

# What a template may show of the program and the member, each with its expression over the joins below.
PROGRAM_COLUMNS: dict[str, str] = {
    "program_name": "p.name",
    "tier_name": "pm.tier_name",
    "tier_code": "pm.tier_code",
    "points_balance": "la.points_available",
}
CAMPAIGN_NAME = "campaign_name"

BASES: dict[str, str] = {
    "segment": (
        "SELECT m.customer_id, m.customer_public_id FROM segments_membership m "
        "WHERE m.segment_public_id = %(audience_segment)s"
    ),
    "program": (
        "SELECT m.customer_id, m.customer_public_id FROM programs_membership m "
        "WHERE m.program_public_id = %(audience_program)s"
    ),
    "everyone": "SELECT d.customer_id, d.public_id AS customer_public_id FROM customers_directory d",
}
MEMBERSHIP = """
    LEFT JOIN programs_membership pm
        ON pm.customer_id = b.customer_id AND pm.program_public_id = %(audience_program)s
    LEFT JOIN programs_directory p ON p.public_id = %(audience_program)s
    LEFT JOIN ledger_account_summary la ON la.account_id = pm.account_id
"""

PERFORMANCE = """
    WITH sends AS (
        SELECT s.* FROM delivery_sends s
        WHERE s.source_ref = %(campaign)s AND s.source_kind = 'campaign' AND NOT s.is_test
    ), reasons AS (
        SELECT reason, count(*) AS customers FROM sends WHERE state = 'SKIPPED' GROUP BY reason
    )
    SELECT count(*) FILTER (WHERE sent_at IS NOT NULL) AS total_sent,
        count(*) FILTER (WHERE delivered_at IS NOT NULL OR opened_at IS NOT NULL) AS delivered,
        count(*) FILTER (WHERE opened_at IS NOT NULL) AS opened,
        count(*) FILTER (WHERE clicked_at IS NOT NULL) AS clicked,
        count(*) FILTER (WHERE state IN ('FAILED', 'BOUNCED')) AS failed,
        count(*) FILTER (WHERE state = 'BOUNCED') AS bounced,
        count(*) FILTER (WHERE state = 'UNKNOWN') AS unknown,
        count(*) FILTER (WHERE state IN ('QUEUED', 'SENDING')) AS queued,
        count(DISTINCT customer_id) FILTER (WHERE sent_at IS NOT NULL) AS customers_sent,
        (SELECT count(DISTINCT c.customer_id) FROM campaigns_conversion c WHERE c.campaign_ref = %(campaign)s)
            AS converted,
        coalesce((SELECT jsonb_object_agg(reason, customers) FROM reasons), '{}') AS skipped_by_reason,
        (SELECT count(*) FROM campaigns_occurrence o JOIN campaigns_campaign k ON k.id = o.campaign_id
            WHERE k.public_id = %(campaign)s) AS occurrences,
        max(sent_at) AS last_sent_at
    FROM sends
"""


def get_campaign(campaign_id: uuid.UUID) -> Campaign:
    """Give a campaign.

    :raises CampaignNotFound: there is none.
    """
    found = Campaign.objects.filter(public_id=campaign_id).first()
    if found is None:
        raise CampaignNotFound()
    return found


def list_usages_of_segment(segment_id: uuid.UUID) -> list[Usage]:
    """Name the campaigns that need a segment."""
    rows = Campaign.objects.filter(segment_ref=segment_id).exclude(status="ENDED").order_by("name")
    return [Usage(kind="campaign", id=str(one.public_id), name=one.name) for one in rows]


def list_places(refs: Sequence[str]) -> dict[str, Place]:
    """Give in which program each campaign stands; one of no program stands nowhere that a bounded grant reaches."""
    ids = [ref for ref in refs if is_public_id(ref)]
    rows = Campaign.objects.filter(public_id__in=ids).values_list("public_id", "program_ref")
    return {str(ref): {Scope.PROGRAM: str(program) if program else ""} for ref, program in rows}


def variables_of(trigger: Mapping[str, Any], program: uuid.UUID | None) -> tuple[str, ...]:
    """Give the names that a campaign's template may use besides those delivery knows itself."""
    of_program = tuple(PROGRAM_COLUMNS) if program is not None else ()
    return (CAMPAIGN_NAME, *of_program, *registry.get(trigger["kind"]).variables(trigger))


def list_events() -> list[str]:
    """Give the types of the events that a campaign may wait for, all about one customer."""
    return sorted(event.EVENT_FIELDS)


def catalogue() -> dict[str, Any]:
    """Give what a campaign can be made of, for a builder."""
    return {
        "triggers": registry.kinds(),
        "events": [{"type": one, "fields": list(event.EVENT_FIELDS[one])} for one in sorted(event.EVENT_FIELDS)],
        "measures": list(threshold.MEASURES),
        "operators": list(threshold.OPERATORS),
        "channels": [{"code": one.value, "is_available": one.value in delivery.list_channels()} for one in CHANNELS],
        "variables": {
            "customer": list(delivery.OWN_VARIABLES),
            "campaign": [CAMPAIGN_NAME],
            "program": list(PROGRAM_COLUMNS),
            "event_prefix": event.PREFIX,
        },
    }


def audience_of(
    *,
    program: uuid.UUID | None,
    segment: uuid.UUID | None,
    shared: Mapping[str, Any],
    used: tuple[str, ...],
    customer: uuid.UUID | None = None,
    is_anyone_meant: bool = False,
) -> delivery.Audience:
    """Give the audience as one SELECT: the segment's members, else the program's, else everyone.

    ``customer`` narrows it to one; with ``is_anyone_meant`` that one need not be a member of anything.
    Only the values that the templates use are fetched; points and tier are those of the moment the row is placed.
    """
    base = "segment" if segment is not None else "program" if program is not None else "everyone"
    base = "everyone" if is_anyone_meant else base
    columns = [name for name in used if name in PROGRAM_COLUMNS] if program is not None else []
    values = {name: shared[name] for name in used if shared.get(name) is not None}
    own = ", ".join(f"'{name}', {PROGRAM_COLUMNS[name]}" for name in columns)
    parts = [f"jsonb_build_object({own})"] if own else []
    parts += ["%(audience_values)s::jsonb"] if values else []
    where = "WHERE b.customer_public_id = %(audience_customer)s" if customer is not None else ""
    text = (
        f"SELECT b.customer_id, b.customer_public_id, {' || '.join(parts) or 'NULL::jsonb'} AS variables "
        f"FROM ({BASES[base]}) b {MEMBERSHIP if columns else ''} {where}"
    )
    params = {
        "audience_segment": segment,
        "audience_program": program,
        "audience_customer": customer,
        "audience_values": dumps_exact(values).decode(),
    }
    return delivery.Audience(sql=text, params=params)


def find_in_audience(audience: delivery.Audience) -> dict[str, Any] | None:
    """Give the first customer of an audience with the values that a template gets, or None when it is empty."""
    row = sql.fetch_one(
        f"""
        SELECT a.customer_id, a.customer_public_id, a.variables, d.customer_ref, d.first_name, d.last_name
        FROM ({audience.sql}) a JOIN customers_directory d ON d.customer_id = a.customer_id
        ORDER BY a.customer_public_id LIMIT 1
        """,
        audience.params,
    )
    if row is not None:
        row["variables"] = ExactDecoder().decode(row["variables"]) if row["variables"] else {}
    return row


def sample_customer(campaign: Campaign, *, customer: uuid.UUID | None, used: tuple[str, ...]) -> dict[str, Any]:
    """Give one customer to render a campaign for: the one named, also from outside of the audience, or the first.

    :raises CustomerUnknown: there is no such customer, or nobody in the audience.
    """
    found = find_in_audience(
        audience_of(
            program=campaign.program_ref,
            segment=campaign.segment_ref,
            shared={CAMPAIGN_NAME: campaign.name},
            used=used,
            customer=customer,
            is_anyone_meant=customer is not None,
        )
    )
    if found is None:
        raise CustomerUnknown("There is nobody to show it for." if customer is None else "There is no such customer.")
    return found


def performance_of(campaign_id: uuid.UUID) -> dict[str, Any]:
    """Give what came of a campaign, in one statement over the send ledger."""
    row = sql.fetch_one(PERFORMANCE, {"campaign": campaign_id}) or {}
    by_reason: dict[str, int] = ExactDecoder().decode(row.pop("skipped_by_reason"))
    excluded = {one.value: int(by_reason.pop(one.value, 0)) for one in delivery.Exclusion}
    reached = row.pop("customers_sent")
    rate = row["converted"] / reached if reached else 0.0
    return {**row, "conversion_rate": round(rate, 4), "skipped": sum(by_reason.values()), "excluded": excluded}


def is_event_awaited(event_type: str) -> bool:
    """Tell whether an active campaign waits for events of a type."""
    return Campaign.objects.filter(status=CampaignStatus.ACTIVE, event_type=event_type).exists()


# The platform facts that campaigns offers: how the customer was written to, whoever had it written.
FACTS = features.PlatformFacts(
    group="messages",
    relation="campaigns_customer_facts",
    takes_now=True,
    fields=(
        features.PlatformField(
            *("messages_sent_30d", FieldType.INTEGER, "Messages sent, 30 days", "messages", "Engagement"),
            description="Messages that left for the customer in the last thirty days.",
            absent=0,
        ),
        features.PlatformField(
            *("messages_opened_30d", FieldType.INTEGER, "Messages opened, 30 days", "messages", "Engagement"),
            description="Messages that the customer opened in the last thirty days.",
            absent=0,
        ),
        features.PlatformField(
            *("messages_clicked_30d", FieldType.INTEGER, "Messages clicked, 30 days", "messages", "Engagement"),
            description="Messages with a link that the customer followed in the last thirty days.",
            absent=0,
        ),
        features.PlatformField(
            *("last_contacted_at", FieldType.DATETIME, "Last contact", "", "Engagement"),
            description="When a message last left for the customer.",
            null_meaning="Nothing was ever sent to the customer.",
            null_kind=features.NullKind.NONE,
        ),
    ),
)

_MESSAGE = (Field("channel", FieldType.TEXT, "Channel"), Field("source_ref", FieldType.TEXT, "Campaign"))
EVENT_TYPES = (
    EventType("message.sent", "Message sent", _MESSAGE),
    EventType("message.delivered", "Message delivered", _MESSAGE),
    EventType("message.opened", "Message opened", _MESSAGE),
    EventType("message.clicked", "Link followed", _MESSAGE),
    EventType("message.bounced", "Message bounced", _MESSAGE),
)

# What is said above, in Arabic.
ARABIC = {
    "Messages sent, 30 days": "الرسائل المرسلة خلال 30 يومًا",
    "Messages that left for the customer in the last thirty days.": "الرسائل المرسلة إلى العميل في آخر ثلاثين يومًا.",
    "Messages opened, 30 days": "الرسائل المفتوحة خلال 30 يومًا",
    "Messages that the customer opened in the last thirty days.": "الرسائل التي فتحها العميل في آخر ثلاثين يومًا.",
    "Messages clicked, 30 days": "الرسائل المنقور عليها خلال 30 يومًا",
    "Messages with a link that the customer followed in the last thirty days.": (
        "الرسائل التي نقر العميل رابطًا فيها في آخر ثلاثين يومًا."
    ),
    "Last contact": "آخر تواصل",
    "When a message last left for the customer.": "متى أُرسلت آخر رسالة إلى العميل.",
    "Nothing was ever sent to the customer.": "لم يُرسل إلى العميل شيء قط.",
    "Channel": "القناة",
    "Campaign": "الحملة",
    "Message sent": "إرسال رسالة",
    "Message delivered": "وصول رسالة",
    "Message opened": "فتح رسالة",
    "Link followed": "النقر على رابط",
    "Message bounced": "ارتداد رسالة",
}
