"""Holding a campaign against its kinds, its channels and what it names, before it is kept."""

import re
import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from loyalty.campaigns.contracts import CONTROL_CODE, FallbackWhen, TriggerKind
from loyalty.campaigns.errors import (
    ChannelsInvalid,
    ProgramUnknown,
    SegmentUnknown,
    SettingsInvalid,
)
from loyalty.campaigns.kinds import event, registry, schedule, threshold
from loyalty.campaigns.models import Campaign
from loyalty.campaigns.policy.goals import HOURS_MAX
from loyalty.campaigns.queries.campaigns import variables_of
from loyalty.delivery import api as delivery
from loyalty.foundation.kernel.errors import FieldProblem
from loyalty.foundation.rules import api as rules
from loyalty.programs import api as programs
from loyalty.segments import api as segments

CODE = re.compile(r"[a-z0-9_]{1,40}")
SEGMENTS_MAX, VARIANTS_MAX, OFFERS_MAX, SEEDS_MAX = 20, 10, 20, 20
CONTROL_MAX, WEIGHT_MAX = 50, 1_000
FALLBACK_MINUTES_MAX = 7 * 24 * 60
REPEAT_DAYS_MAX, VALID_HOURS_MAX = 3_660, 31 * 24


def check(campaign: Campaign, *, now: datetime) -> None:
    """Hold a campaign against what it is made of; brings the trigger, the goal and the variants into their kept form.

    :raises TriggerInvalid, ChannelsInvalid, SettingsInvalid, ContentInvalid, TemplateInvalid: something cannot be used.
    :raises ProgramUnknown, SegmentUnknown: what it names does not exist.
    """
    kind = registry.get(campaign.trigger.get("kind"))
    campaign.trigger = kind.read(campaign.trigger)
    campaign.trigger_kind = kind.kind
    is_balance = campaign.trigger.get("measure") in threshold.MEASURES_OF_CUSTOMER
    campaign.event_type = campaign.trigger.get("event_type", threshold.BALANCE if is_balance else "")
    _check_named(campaign, now)
    _check_needs(campaign)
    problems = [*_problems_of_settings(campaign), *_problems_of_variants(campaign), *_problems_of_offers(campaign)]
    if problems:
        raise SettingsInvalid(problems[0].message, problems=problems)
    _check_content(campaign)


def _check_named(campaign: Campaign, now: datetime) -> None:
    if campaign.program_ref is not None:
        try:
            programs.get_plan(campaign.program_ref, at=now)
        except programs.ProgramNotFound as fault:
            raise _unknown(ProgramUnknown, "program") from fault
    named = [("segments", one) for one in campaign.segment_refs]
    named += [("excluded_segments", one) for one in campaign.excluded_segment_refs]
    named += [("offers", ref) for one in campaign.offers if (ref := _segment_of(one)) is not None]
    for field, ref in named:
        try:
            segments.get_segment(ref)
        except segments.SegmentNotFound as fault:
            raise _unknown(SegmentUnknown, field) from fault


def _segment_of(offer: Mapping[str, Any]) -> uuid.UUID | None:
    """Give the segment to which an offer is bound, or None where there is none or it is no id."""
    try:
        return uuid.UUID(offer["segment"]) if isinstance(offer.get("segment"), str) else None
    except ValueError:
        return None


def _unknown(refusal: type[ProgramUnknown | SegmentUnknown], field: str) -> ProgramUnknown | SegmentUnknown:
    noun = "program" if refusal is ProgramUnknown else "segment"
    message = f"There is no such {noun}."
    return refusal(message, problems=[FieldProblem(field, refusal.code, message)])


def _check_needs(campaign: Campaign) -> None:
    """Refuse a trigger that has nothing to go by.

    :raises TriggerInvalid: says what is missing.
    """
    trigger = campaign.trigger
    if trigger.get("timezone") == schedule.PROGRAM_ZONE and campaign.program_ref is None:
        raise registry.refuse("timezone", "campaign.program_needed", "Without a program there is no zone of a program.")
    measure = trigger.get("measure")
    if campaign.trigger_kind != TriggerKind.THRESHOLD:
        return
    if measure == threshold.SEGMENT_SIZE and len(campaign.segment_refs) != 1:
        code = "campaign.segment_ambiguous" if campaign.segment_refs else "campaign.segment_needed"
        raise registry.refuse("measure", code, "The size of which segment? Name one.")
    if measure != threshold.SEGMENT_SIZE and campaign.program_ref is None:
        raise registry.refuse("measure", "campaign.program_needed", "This is measured of a program: name it.")


def _problems_of_settings(campaign: Campaign) -> Iterable[FieldProblem]:
    twice = set(campaign.segment_refs) & set(campaign.excluded_segment_refs)
    if twice:
        yield FieldProblem("excluded_segments", "contradiction", "A segment cannot be meant and left out.")
    for field, refs in (("segments", campaign.segment_refs), ("excluded_segments", campaign.excluded_segment_refs)):
        if len(refs) > SEGMENTS_MAX or len(set(refs)) != len(refs):
            yield FieldProblem(field, "invalid", f"At most {SEGMENTS_MAX} segments, each once.")
    yield from _out_of_range("control_percent", campaign.control_percent, 0, CONTROL_MAX)
    yield from _out_of_range("priority", campaign.priority, 1, 9)
    yield from _out_of_range("repeat_days", campaign.repeat_days, 0, REPEAT_DAYS_MAX)
    yield from _out_of_range("valid_hours", campaign.valid_hours, 1, VALID_HOURS_MAX)
    if campaign.budget_amount is not None and not 0 < campaign.budget_amount < Decimal("1e12"):
        yield FieldProblem("budget_amount", "out_of_range", "An amount above zero.")
    if campaign.starts_at and campaign.ends_at and campaign.starts_at >= campaign.ends_at:
        yield FieldProblem("ends_at", "empty", "It ends before it begins.")
    yield from _problems_of_goal(campaign)
    yield from _problems_of_fallback(campaign)
    yield from _problems_of_seeds(campaign)


def _out_of_range(field: str, value: int | None, least: int, most: int) -> Iterable[FieldProblem]:
    if value is not None and not least <= value <= most:
        yield FieldProblem(field, "out_of_range", f"From {least} to {most}.")


def _problems_of_goal(campaign: Campaign) -> Iterable[FieldProblem]:
    """Check the goal ``{event_type, filter?, window_hours, value_field?}`` and bring it into its kept form."""
    goal = campaign.goal
    if goal is None:
        return
    for name in set(goal) - {"event_type", "filter", "filter_profile", "window_hours", "value_field"}:
        yield FieldProblem(f"goal.{str(name)[:40]}", "unknown_field", "This field is not known here.")
    # What counts as success may be what sending itself leads to, such as a click.
    if goal.get("event_type") not in [*event.list_event_types(), "message.clicked", "message.opened"]:
        yield FieldProblem("goal.event_type", "campaign.event_unknown", "A goal is a fact about a customer.")
    hours = goal.get("window_hours")
    if isinstance(hours, bool) or not isinstance(hours, int) or not 1 <= hours <= HOURS_MAX:
        yield FieldProblem("goal.window_hours", "out_of_range", f"From 1 to {HOURS_MAX} hours.")
    value_field = goal.get("value_field", "amount")
    if not isinstance(value_field, str) or not 0 < len(value_field) <= 60:
        yield FieldProblem("goal.value_field", "invalid", "The name of a field of the fact.")
    rule, profile = goal.get("filter"), goal.get("filter_profile", rules.PROFILE_LATEST)
    if rule is not None:
        try:
            if not isinstance(rule, dict) or not event.is_profile(profile):
                raise TypeError
            rules.check(rule, None, "any", profile)
        except (rules.RuleInvalid, TypeError, ValueError):
            yield FieldProblem("goal.filter", "campaign.filter_invalid", "The filter is no rule.")
    kept = {
        "event_type": goal.get("event_type"),
        "filter": rule or None,
        "window_hours": hours,
        "value_field": value_field,
    }
    campaign.goal = {**kept, **({"filter_profile": profile} if rule else {})}


def _problems_of_fallback(campaign: Campaign) -> Iterable[FieldProblem]:
    """Check the fallback ``{when, minutes}``: the channels in their order, the next one when the one before failed."""
    fallback = campaign.fallback
    if fallback is None:
        return
    if set(fallback) - {"when", "minutes"} or fallback.get("when") not in tuple(FallbackWhen):
        yield FieldProblem("fallback.when", "invalid", f"One of {', '.join(FallbackWhen)}.")
        return
    if len(campaign.channels) < 2:
        yield FieldProblem("fallback", "campaign.fallback_needs_channels", "A fallback needs a second channel.")
    minutes = fallback.get("minutes")
    if fallback["when"] == FallbackWhen.UNREACHABLE and minutes is None:
        return
    if isinstance(minutes, bool) or not isinstance(minutes, int) or not 1 <= minutes <= FALLBACK_MINUTES_MAX:
        yield FieldProblem("fallback.minutes", "out_of_range", f"From 1 to {FALLBACK_MINUTES_MAX} minutes.")


def _problems_of_seeds(campaign: Campaign) -> Iterable[FieldProblem]:
    if len(campaign.seeds) > SEEDS_MAX or len(set(campaign.seeds)) != len(campaign.seeds):
        yield FieldProblem("seeds", "invalid", f"At most {SEEDS_MAX} addresses, each once.")
    # The channels are held against their own rules afterwards; one that is none has no addresses.
    channels = [one for one in campaign.channels if one in delivery.list_channels()]
    for place, address in enumerate(campaign.seeds):
        if channels and not delivery.list_channels_of_address(channels, address):
            message = f"This is not {delivery.words_of_addresses(channels)}."
            yield FieldProblem(f"seeds.{place}", "campaign.address_invalid", message)


def _problems_of_variants(campaign: Campaign) -> Iterable[FieldProblem]:
    """Check the variants ``{code, weight, content?}``; without a content of its own one has the campaign's."""
    seen: set[str] = set()
    if len(campaign.variants) > VARIANTS_MAX:
        yield FieldProblem("variants", "too_many", f"At most {VARIANTS_MAX} variants.")
    for place, one in enumerate(campaign.variants):
        field = f"variants.{place}"
        code, weight = one.get("code"), one.get("weight")
        if not isinstance(code, str) or not CODE.fullmatch(code) or code in seen or code == CONTROL_CODE:
            yield FieldProblem(f"{field}.code", "invalid", "A code of a-z, 0-9 and _, each once; not control.")
        if isinstance(weight, bool) or not isinstance(weight, int) or not 1 <= weight <= WEIGHT_MAX:
            yield FieldProblem(f"{field}.weight", "out_of_range", f"From 1 to {WEIGHT_MAX}.")
        own = one.get("content", {})
        if set(one) - {"code", "weight", "content"} or not isinstance(own, dict):
            yield FieldProblem(field, "invalid", "A variant has a code, a weight and a content.")
        elif not all(isinstance(said, dict) for said in own.values()):
            yield FieldProblem(f"{field}.content", "invalid", "What is said on a channel is a JSON object.")
        elif set(own) - set(campaign.channels):
            yield FieldProblem(f"{field}.content", "unknown_field", "A content of a channel that is not used.")
        seen.add(str(code))


def _problems_of_offers(campaign: Campaign) -> Iterable[FieldProblem]:
    """Check the offers ``{code, title, text?, segment?}``: the first one that a customer may get is taken."""
    seen: set[str] = set()
    if len(campaign.offers) > OFFERS_MAX:
        yield FieldProblem("offers", "too_many", f"At most {OFFERS_MAX} offers.")
    for place, one in enumerate(campaign.offers):
        field, code = f"offers.{place}", one.get("code")
        if not isinstance(code, str) or not CODE.fullmatch(code) or code in seen:
            yield FieldProblem(f"{field}.code", "invalid", "A code of a-z, 0-9 and _, each once.")
        if not isinstance(one.get("title"), str) or not 0 < len(one["title"]) <= 200:
            yield FieldProblem(f"{field}.title", "invalid", "A title of at most 200 characters.")
        if not isinstance(one.get("text", ""), str) or len(one.get("text", "")) > 1_000:
            yield FieldProblem(f"{field}.text", "invalid", "A text of at most 1,000 characters.")
        if (ref := _segment_of(one)) is not None:
            campaign.offers[place] = {**one, "segment": str(ref)}
        elif one.get("segment") not in (None, ""):
            yield FieldProblem(f"{field}.segment", "invalid", "The id of a segment.")
        if set(one) - {"code", "title", "text", "segment"}:
            yield FieldProblem(field, "unknown_field", "An offer has a code, a title, a text and a segment.")
        seen.add(str(code))


def content_of(campaign: Campaign, channel: str, variant: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
    """Give what is said on a channel: the variant's content, or the campaign's where the variant has none."""
    own = (variant or {}).get("content") or {}
    content: Mapping[str, Any] = own.get(channel) or campaign.content[channel]
    return content


def _check_content(campaign: Campaign) -> None:
    _check_channels(campaign)
    variables = variables_of(campaign.trigger, campaign.program_ref, campaign.offers)
    for channel in campaign.channels:
        delivery.check_content(
            channel=channel, content=campaign.content[channel], variables=variables, field=f"content.{channel}"
        )
        for place, variant in enumerate(campaign.variants):
            field = f"variants.{place}.content.{channel}"
            content = content_of(campaign, channel, variant)
            delivery.check_content(channel=channel, content=content, variables=variables, field=field)


def _check_channels(campaign: Campaign) -> None:
    problems = []
    if not campaign.channels or len(set(campaign.channels)) != len(campaign.channels):
        problems.append(FieldProblem("channels", "channels.invalid", "Name at least one channel, each once."))
    for channel in campaign.channels:
        if not isinstance(campaign.content.get(channel), dict):
            problems.append(FieldProblem(f"content.{channel}", "required", f"The channel {channel} has no content."))
    for channel in campaign.content:
        if channel not in campaign.channels:
            name = str(channel)[:40]
            problems.append(FieldProblem(f"content.{name}", "unknown_field", f"{name} is not among the channels."))
    for channel in campaign.channels:
        if channel not in delivery.list_channels():
            # The channel's own refusal says whether it is unknown or only not available here.
            delivery.check_content(channel=channel, content={}, variables=())
    if problems:
        raise ChannelsInvalid(problems[0].message, problems=problems)
