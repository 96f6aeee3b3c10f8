"""A campaign sent to a set of customers, each under a key of its own: for journeys, and whoever else acts on many at
once."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from django.db import transaction

from loyalty.campaigns.contracts import QUEUED, REPEATED_KEY, SET, CampaignStatus, Cause, NewEntry
from loyalty.campaigns.errors import CampaignNotActive, CampaignNotFound
from loyalty.campaigns.models import Campaign, Occurrence
from loyalty.campaigns.operations.triggering import begin_set
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.ids import new_public_id
from loyalty.foundation.orm import sql

KNOWN = "SELECT key FROM campaigns_setentry WHERE campaign_id = %(campaign)s AND key = ANY(%(keys)s)"
KEEP = """
    INSERT INTO campaigns_setentry (campaign_id, occurrence_id, key, customer_ref)
    SELECT %(campaign)s, %(occurrence)s, e.key, e.customer FROM unnest(%(keys)s::text[], %(customers)s::uuid[])
        AS e (key, customer) ORDER BY e.key
    ON CONFLICT (campaign_id, key) DO NOTHING RETURNING key
"""
# Of several channels the one that takes it counts, else the first one's reason.
OUTCOMES = """
    SELECT DISTINCT ON (d.public_id) d.public_id AS customer, s.state, s.reason
    FROM delivery_message m JOIN delivery_sends s ON s.message_id = m.id
    JOIN customers_directory d ON d.customer_id = s.customer_id
    WHERE m.occurrence_ref = %(occurrence)s
    ORDER BY d.public_id, s.state = 'SKIPPED', s.message_id
"""
UNKNOWN_CUSTOMER = "unknown_customer"


@transaction.atomic
def trigger_set(
    *, campaign_id: uuid.UUID, entries: Sequence[NewEntry], actor: Actor, now: datetime
) -> Mapping[str, str]:
    """Send a campaign to customers whom the caller names, whoever else it is meant for; give by key what came of it.

    ``queued``, the reason why not (one of delivery's exclusions, or ``unknown_customer``), or ``repeated_key``: it
    was placed
    before, and nothing is sent again. Consent, holdout, control group, caps and quiet hours count as for every send.
    It is
    part of the caller's transaction, one statement for each channel.

    :raises CampaignNotFound: there is no such campaign.
    :raises CampaignNotActive: it does not run.
    """
    if sql.fetch_one("SELECT id FROM campaigns_campaign WHERE public_id = %s FOR SHARE", [campaign_id]) is None:
        raise CampaignNotFound()
    campaign = Campaign.objects.get(public_id=campaign_id)
    if campaign.status != CampaignStatus.ACTIVE:
        raise CampaignNotActive("Activate it first.", campaign_status=campaign.status)
    by_key = {one.key: one for one in entries}
    rows = sql.fetch_all(KNOWN, {"campaign": campaign.pk, "keys": list(by_key)})
    outcomes = {row["key"]: REPEATED_KEY for row in rows}
    for part in _rounds([one for key, one in by_key.items() if key not in outcomes]):
        outcomes |= _place(campaign, part, actor, now)
    return outcomes


def _rounds(entries: Sequence[NewEntry]) -> Iterator[list[NewEntry]]:
    """Give entries in parts in which each customer occurs once: one occurrence reaches a customer once."""
    left = list(entries)
    while left:
        part = {one.customer_id: one for one in reversed(left)}
        yield list(part.values())
        keys = {one.key for one in part.values()}
        left = [one for one in left if one.key not in keys]


def _place(campaign: Campaign, entries: Sequence[NewEntry], actor: Actor, now: datetime) -> dict[str, str]:
    name = f"{SET}-{new_public_id()}"
    occurrence = Occurrence.objects.create(
        campaign=campaign, occurrence=name, trigger_kind=SET, plan={}, answer={}, triggered_at=now
    )
    params = {
        "campaign": campaign.pk,
        "occurrence": occurrence.pk,
        "keys": [one.key for one in entries],
        "customers": [one.customer_id for one in entries],
    }
    kept = {row["key"] for row in sql.fetch_all(KEEP, params)}
    new = [one for one in entries if one.key in kept]
    begin_set(campaign, occurrence, new, Cause(SET), actor, now)
    told = {row["customer"]: row for row in sql.fetch_all(OUTCOMES, {"occurrence": occurrence.public_id})}
    found = {one.key: _outcome(told.get(one.customer_id)) for one in new}
    return {one.key: found.get(one.key, REPEATED_KEY) for one in entries}


def _outcome(row: Mapping[str, str] | None) -> str:
    if row is None:
        return UNKNOWN_CUSTOMER
    return QUEUED if row["state"] != "SKIPPED" else row["reason"]
