"""Set off by a fact about one customer, filtered by a rule over the fact's data."""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from loyalty.campaigns.kinds.registry import only, refuse
from loyalty.foundation.events import api as events
from loyalty.foundation.events.contracts import Envelope
from loyalty.foundation.rules import api as rules

log = logging.getLogger("loyalty.campaigns")

POINTS = ("points_amount", "points_balance")
TIERS = ("from_tier", "to_tier", "to_tier_name")
PURCHASE = ("amount", "currency", "product_id", "product_category", "channel")
# Facts about one customer, whose public id is the fact's key, each with the fields that a template may show as
# ``event_<field>``. A campaign may wait for any other type too whose facts name a customer.
EVENT_FIELDS: dict[str, tuple[str, ...]] = {
    "customer.created": (),
    "customer.updated": (),
    "customer.login": ("channel",),
    "customer.purchase": PURCHASE,
    "customer.topup": PURCHASE,
    "customer.bill_paid": PURCHASE,
    "customer.plan_changed": ("product_id", "product_category", "channel"),
    "customer.usage_high": ("product_id", "product_category"),
    "member.enrolled": ("tier_code",),
    "points.earned": POINTS,
    "points.burned": POINTS,
    "points.expired": POINTS,
    "points.reversed": POINTS,
    "tier.upgraded": TIERS,
    "tier.downgraded": TIERS,
    "customer.tier_upgrade": TIERS,
}
PREFIX = "event_"


# What sending itself publishes: campaigns that waited for it would set each other off for ever.
OWN_FACTS = ("campaign.", "message.sent", "message.delivered", "message.bounced")
# How long ago a fact may have happened that a campaign is told to look back to.
LOOK_BACK_HOURS_MAX = 31 * 24


def list_event_types() -> list[str]:
    """Give the types that a campaign may wait for, in order."""
    told = {one.name for one in events.list_types() if _names_customer(one.schema)}
    return sorted({*EVENT_FIELDS, *(one for one in told if not one.startswith(OWN_FACTS))})


def fields_of(event_type: str) -> tuple[str, ...]:
    """Give the fields that a template may show of a fact."""
    if event_type in EVENT_FIELDS:
        return EVENT_FIELDS[event_type]
    found = events.find_type(event_type)
    return tuple(found.schema.get("properties", {})) if found is not None else ()


def _names_customer(schema: Mapping[str, Any]) -> bool:
    return "customer_id" in schema.get("properties", {})


class EventTrigger:
    """``{kind, event_type, filter?, filter_profile?, look_back_hours?}``.

    With ``look_back_hours`` the facts of so long before the activation count too, and one that arrives later than that
    passes by.

    The profile is that of the rule language under which the filter was written; a new filter is of the latest.
    """

    kind = "event"

    def read(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """Check the type and the filter."""
        only(raw, "event_type", "filter", "filter_profile", "look_back_hours")
        event_type = raw.get("event_type")
        if not isinstance(event_type, str) or event_type not in list_event_types():
            known = ", ".join(list_event_types())
            raise refuse("event_type", "campaign.event_unknown", f"A campaign can wait for: {known}.")
        rule = raw.get("filter")
        profile = raw.get("filter_profile", rules.PROFILE_LATEST)
        if not is_profile(profile):
            raise refuse("filter_profile", "campaign.filter_invalid", "There is no such profile of the rule language.")
        kept: dict[str, Any] = {"kind": self.kind, "event_type": event_type, "filter": None}
        if rule is not None and not isinstance(rule, dict):
            raise refuse("filter", "campaign.filter_invalid", "The filter is a rule, a JSON object with one operator.")
        if rule:
            try:
                rules.check(rule, None, "any", profile)
            except rules.RuleInvalid as fault:
                raise refuse("filter", "campaign.filter_invalid", f"The filter is no rule: {fault.detail}") from fault
            kept |= {"filter": rule, "filter_profile": profile}
        hours = raw.get("look_back_hours")
        if hours is not None:
            if isinstance(hours, bool) or not isinstance(hours, int) or not 1 <= hours <= LOOK_BACK_HOURS_MAX:
                message = f"From 1 to {LOOK_BACK_HOURS_MAX} hours."
                raise refuse("look_back_hours", "campaign.look_back_invalid", message)
            kept["look_back_hours"] = hours
        return kept

    def variables(self, trigger: Mapping[str, Any]) -> tuple[str, ...]:
        """Give the fields of the fact."""
        return tuple(PREFIX + name for name in fields_of(trigger["event_type"]))

    def first_due(self, trigger: Mapping[str, Any], after: datetime, *, program_zone: str) -> datetime | None:
        """Time alone never sets it off."""
        return None


def is_profile(value: object) -> bool:
    """Tell whether something is the number of a profile of the rule language."""
    return not isinstance(value, bool) and value in range(rules.PROFILE_FIRST, rules.PROFILE_LATEST + 1)


def passing(trigger: Mapping[str, Any], facts: Sequence[Envelope], *, now: datetime) -> list[Envelope]:
    """Give the facts that the filter lets through, in their order; without one every fact of the type passes.

    A filter that cannot be evaluated on a fact does not let it through, and the log says which.
    """
    rule = trigger.get("filter")
    if rule is None:
        return list(facts)
    read = _read(rule, trigger.get("filter_profile"))
    return [fact for fact in facts if _lets_through(read, fact, now)]


def is_too_old(trigger: Mapping[str, Any], event: Envelope, *, now: datetime) -> bool:
    """Tell whether a fact arrives later than the campaign looks back."""
    hours = trigger.get("look_back_hours")
    return hours is not None and event.occurred_at < now - timedelta(hours=hours)


def passes(rule: Mapping[str, Any] | None, profile: int | None, event: Envelope, *, now: datetime) -> bool:
    """Tell whether a rule lets a fact through; without one every fact passes, and one that faults lets nothing
    through."""
    return rule is None or _lets_through(_read(rule, profile), event, now)


def _read(rule: Mapping[str, Any], profile: int | None) -> rules.Rule | rules.RuleInvalid:
    """Read a filter once for all facts; what makes it none is told of each fact."""
    try:
        return rules.check(rule, None, "any", profile or rules.PROFILE_FIRST)
    except rules.RuleInvalid as fault:
        return fault


def _lets_through(read: rules.Rule | rules.RuleInvalid, event: Envelope, now: datetime) -> bool:
    try:
        if isinstance(read, rules.RuleInvalid):
            raise read
        return bool(rules.evaluate(read, facts_of(event), now=now))
    except (rules.RuleFault, rules.RuleInvalid) as fault:
        log.warning("the filter of a campaign cannot be evaluated on event %s: %s", event.id, fault)
        return False


def facts_of(event: Envelope) -> dict[str, Any]:
    """Give what a filter may read: the fact's data, and its own type and instant."""
    return {**event.data, "event_type": event.type, "occurred_at": event.occurred_at.isoformat()}


def shared_values(event: Envelope, fields: Sequence[str]) -> dict[str, Any]:
    """Give the fields of a fact (``fields_of`` its type) as a template names them."""
    return {PREFIX + name: event.data.get(name) for name in fields}
