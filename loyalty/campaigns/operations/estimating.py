"""Telling of a campaign that is still being written whom it would reach, at what price, and when it would run next."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from loyalty.campaigns.contracts import Plan, TriggerKind
from loyalty.campaigns.errors import TriggerInvalid
from loyalty.campaigns.kinds import registry, schedule
from loyalty.campaigns.operations import counting
from loyalty.campaigns.operations.planning import ZONE_DEFAULT
from loyalty.delivery import api as delivery
from loyalty.programs import api as programs

# As many as a person reads to see whether the rhythm is the one that was meant.
RUNS_TOLD = 5
# A campaign that was never kept has no number; its control group is as large, only its members are not known yet.
UNKEPT = uuid.UUID(int=0)


def estimate(given: Mapping[str, Any], *, campaign_id: uuid.UUID | None, now: datetime) -> dict[str, Any]:
    """Count the audience that a draft describes, as of now; nothing is kept.

    ``given`` holds ``channels``, and of ``program``, ``segments``, ``excluded_segments``, ``purpose``, ``fallback``,
    ``control_percent``, ``repeat_days``, ``budget_amount``, ``units`` and ``trigger`` those that are chosen. Prices are
    decimals as text for one message (a text message: one segment) in ``currency``; ``units`` are the segments that a
    message takes on each channel. A trigger that cannot be read has a ``trigger_problem``. Of more than 250,000
    customers a sample is counted, and ``is_estimated`` says so.
    """
    plan = _plan(given, campaign_id or UNKEPT)
    counted = counting.within_budgets(
        counting.count_live(plan, given.get("purpose", "marketing"), now),
        plan=plan,
        units=given.get("units", {}),
        amount=given.get("budget_amount"),
        now=now,
    )
    runs, problem = _runs(given.get("trigger"), plan.program, now)
    prices = delivery.cost_per_message(plan.channels)
    return {
        "audience": counted["audience"],
        "total": counted["total"],
        "is_estimated": counted["is_estimated"],
        "excluded": counted["excluded"],
        "channels": counted["channels"],
        "prices": {channel: str(price) for channel, price in prices.items()},
        "currency": delivery.cost_currency(),
        "next_runs": [run.isoformat() for run in runs],
        "trigger_problem": problem,
    }


def _plan(given: Mapping[str, Any], campaign: uuid.UUID) -> Plan:
    known = set(delivery.list_channels())
    channels = tuple(one for one in given["channels"] if one in known)
    return Plan(
        campaign=campaign,
        program=given.get("program"),
        segments=tuple(given.get("segments", ())),
        excluded=tuple(given.get("excluded_segments", ())),
        shared={},
        used=(),
        channels=channels,
        fallback=given.get("fallback") if len(channels) > 1 else None,
        variants=(),
        control_percent=given.get("control_percent", 0),
        offers=(),
        repeat_days=given.get("repeat_days"),
        due=None,
    )


def _runs(trigger: Mapping[str, Any] | None, program: uuid.UUID | None, now: datetime) -> tuple[list[datetime], str]:
    """Give the next slots of a schedule, and what is wrong with the trigger ('' where nothing is)."""
    if trigger is None:
        return [], ""
    try:
        kept = registry.get(trigger.get("kind")).read(trigger)
        if kept["kind"] != TriggerKind.SCHEDULE:
            return [], ""
        zone = programs.get_plan(program, at=now).timezone if program is not None else ZONE_DEFAULT
    except (TriggerInvalid, programs.ProgramNotFound) as fault:
        return [], str(fault)
    runs: list[datetime] = []
    after = now
    while len(runs) < RUNS_TOLD and (slot := schedule.first_slot(kept, after, program_zone=zone)) is not None:
        runs.append(slot)
        if "at" in kept:
            break
        after = slot
    return runs, ""
