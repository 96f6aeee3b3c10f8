"""Occurrences of a campaign with how far each is, and the days on which campaigns go out."""

import uuid
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import redis
from django.core.cache import cache

from loyalty.campaigns.contracts import CampaignStatus, TriggerKind
from loyalty.campaigns.kinds import schedule
from loyalty.campaigns.models import Campaign, Occurrence
from loyalty.foundation.orm import sql

# Steps of a send's life as a progress bar shows them.
PROGRESS = """
    SELECT s.occurrence_ref,
        count(*) AS placed,
        count(*) FILTER (WHERE s.state = 'QUEUED' AND s.due_at IS NULL) AS held,
        count(*) FILTER (WHERE s.state = 'QUEUED' AND s.due_at IS NOT NULL) AS waiting,
        count(*) FILTER (WHERE s.state = 'QUEUED' AND s.due_at IS NOT NULL AND s.reason = 'quiet_hours') AS quiet,
        count(*) FILTER (WHERE s.state = 'SENDING') AS sending,
        count(*) FILTER (WHERE s.sent_at IS NOT NULL) AS sent,
        count(*) FILTER (WHERE s.state IN ('FAILED', 'BOUNCED')) AS failed,
        count(*) FILTER (WHERE s.state = 'UNKNOWN') AS unknown,
        count(*) FILTER (WHERE s.state = 'SKIPPED') AS left_out
    FROM delivery_sends s WHERE s.source_ref = %(campaign)s AND s.occurrence_ref = ANY(%(occurrences)s)
    GROUP BY s.occurrence_ref
"""
NOTHING = dict.fromkeys(("placed", "held", "waiting", "quiet", "sending", "sent", "failed", "unknown", "left_out"), 0)
# A line that fires every minute would fill a calendar by itself; one that fires every hour is told whole.
SLOTS_A_DAY = 24
PAST_MAX = 1_000
RANGE_MAX = timedelta(days=93)


# Counting so few rows costs less than it would to remember the count.
KEPT_FROM = 10_000
# Somebody who watches a send sees it move; an occurrence that is over changes only when a provider reports late.
MOVING_SECONDS, OVER_SECONDS = 5, 120
CACHE_FAULTS = (redis.RedisError, OSError, EOFError, AttributeError, ImportError, TypeError, ValueError)


def progress_of(campaign_id: uuid.UUID, occurrences: Sequence[uuid.UUID]) -> dict[uuid.UUID, dict[str, int]]:
    """Give how far occurrences are, by their public id; the count of a large one is some seconds old at most, so that
    a hundred people who watch cost one count."""
    keys = {one: f"campaigns:progress:{one}" for one in occurrences}
    kept = _remembered(list(keys.values()))
    found = {one: kept[key] for one, key in keys.items() if key in kept}
    missing = [one for one in occurrences if one not in found]
    if missing:
        for row in sql.fetch_all(PROGRESS, {"campaign": campaign_id, "occurrences": missing}):
            one = row.pop("occurrence_ref")
            found[one] = row
            if row["placed"] >= KEPT_FROM:
                is_over = row["held"] + row["waiting"] + row["sending"] == 0
                # A cache that is away makes the count dearer, never wrong.
                with suppress(*CACHE_FAULTS):
                    cache.set(keys[one], row, OVER_SECONDS if is_over else MOVING_SECONDS)
    return {one: found.get(one, NOTHING) for one in occurrences}


def _remembered(keys: list[str]) -> dict[str, dict[str, int]]:
    try:
        found: dict[str, dict[str, int]] = cache.get_many(keys)
    except CACHE_FAULTS:
        return {}
    return found


def calendar(
    campaigns: Iterable[Campaign], *, since: datetime, until: datetime, zones: dict[int, str], now: datetime
) -> list[dict[str, Any]]:
    """Give what went out and what will, between two instants, in order; ``zones`` are the programs' by campaign.

    Of a day by the campaign's clock at most 24 slots of it are foretold, none of them before ``now``; what is not told
    of a day its last entry says (``is_cut``). Of what went out the latest 1,000 are told.
    """
    rows = {one.pk: one for one in campaigns}
    begun = Occurrence.objects.filter(campaign_id__in=rows, triggered_at__gte=since, triggered_at__lt=until)
    past = [
        _entry(rows[one.campaign_id], one.triggered_at, one.occurrence, is_past=True)
        for one in begun.exclude(trigger_kind__in=(TriggerKind.EVENT, "set")).order_by("-triggered_at")[:PAST_MAX]
    ]
    coming = [slot for one in rows.values() for slot in _coming(one, max(since, now), until, zones[one.pk])]
    return sorted([*past, *coming], key=lambda entry: (entry["at"], entry["campaign"]))


def _coming(campaign: Campaign, since: datetime, until: datetime, zone: str) -> Iterable[dict[str, Any]]:
    if campaign.trigger_kind != TriggerKind.SCHEDULE or campaign.status in (
        CampaignStatus.ENDED,
        CampaignStatus.PAUSED,
    ):
        return
    after = max(since, campaign.starts_at) if campaign.starts_at else since
    last = min(until, campaign.ends_at) if campaign.ends_at else until
    clock, told, day = schedule.zone_of(campaign.trigger, zone), 0, date.min
    while (slot := schedule.first_slot(campaign.trigger, after, program_zone=zone)) is not None and slot < last:
        told, day = (told + 1 if slot.astimezone(clock).date() == day else 1), slot.astimezone(clock).date()
        after = slot
        is_cut = told == SLOTS_A_DAY and _is_more(campaign, slot, day, clock, zone)
        yield {**_entry(campaign, slot, "", is_past=False), "is_cut": is_cut}
        if "at" in campaign.trigger:
            return
        if is_cut:
            # A second before the next day begins, so that a slot at midnight is its first.
            after = schedule.instant_of(datetime.combine(day + timedelta(days=1), time()), clock) - timedelta(seconds=1)


def _is_more(campaign: Campaign, slot: datetime, day: date, clock: ZoneInfo, zone: str) -> bool:
    following = schedule.first_slot(campaign.trigger, slot, program_zone=zone)
    return following is not None and following.astimezone(clock).date() == day


def _entry(campaign: Campaign, at: datetime, occurrence: str, *, is_past: bool) -> dict[str, Any]:
    return {
        "campaign": str(campaign.public_id),
        "name": campaign.name,
        "status": campaign.status,
        "channels": list(campaign.channels),
        "at": at.isoformat(),
        "occurrence": occurrence,
        "is_past": is_past,
        "is_cut": False,
    }
