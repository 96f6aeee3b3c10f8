"""The contact policy that counts, and the addresses to which nothing goes: reads for sending, and their changes."""

import secrets
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, time
from typing import Any
from zoneinfo import available_timezones

from django.db import transaction
from django.db.models import Func, Value

from loyalty.delivery.contracts import (
    ChannelCode,
    ContactCap,
    ContactPolicyView,
    Purpose,
    QuietHours,
)
from loyalty.delivery.errors import ContactPolicyInvalid, SuppressionNotFound
from loyalty.delivery.models import ContactPolicy, Suppression
from loyalty.delivery.policy import contact
from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.editing import VersionCheck, any_version
from loyalty.foundation.kernel.errors import FieldProblem
from loyalty.foundation.kernel.exact_json import dumps_exact
from loyalty.foundation.orm import sql
from loyalty.foundation.orm.api import bump_version
from loyalty.foundation.work import api as work

CAPS_MAX, QUIET_HOURS_MAX = 20, 20
SENDS_MAX, HOURS_MAX, HOLDOUT_PERCENT_MAX = 1_000, 24 * 366, 50


@dataclass(frozen=True, slots=True)
class Asked:
    """The policy as statements ask it: the text of the refusal and of the due instant, and their parameters.

    ``clock`` are joins that the due instant reads, ``capped`` those that the refusal reads of neighbours.
    """

    refusal: str
    due: str
    clock: str
    capped: str
    params: dict[str, Any]


def current() -> ContactPolicy:
    """Give the policy that counts; the first reader makes it, with nothing in it."""
    found = ContactPolicy.objects.first()
    if found is None:
        ContactPolicy.objects.bulk_create([ContactPolicy(holdout_salt=secrets.token_hex(8))], ignore_conflicts=True)
        found = ContactPolicy.objects.get()
    return found


def ask(
    *,
    channel: str,
    purpose: str,
    now: datetime,
    due: datetime | None,
    more: Collection[str] = frozenset(),
    is_of_neighbours: bool = False,
) -> Asked:
    """Give the policy in the form in which the statements over an audience ask it; ``more`` are its other columns.

    Without a channel the caps of every one come along; the statement tells them apart. Of neighbours (an audience with
    a stretch) the caps are asked together, by a join.
    """
    policy = current()
    caps = [
        cap for cap in policy.caps if channel in ("", cap["channel"] or channel) and cap["purpose"] in ("", purpose)
    ]
    capped, joined, cap_params = _capped(caps, channel, is_of_neighbours=is_of_neighbours)
    has_holdout = policy.holdout_percent > 0 and purpose == Purpose.MARKETING
    asked = contact.REFUSAL_WITH_SOURCE_SQL if "refusal" in more else contact.REFUSAL_SQL
    plain = contact.LATER_DUE_SQL if "due_at" in more and due is not None else contact.PLAIN_DUE_SQL
    # What a pause holds is due at no instant, and asked when it is let go.
    quiet = [
        one
        for one in policy.quiet_hours
        if due is not None and one["channel"] in ("", channel) and one["purpose"] in ("", purpose)
    ]
    later, quiet_params = contact.quiet_sql(quiet) if quiet else (plain, {})
    params = {
        "delivery_channel": channel,
        "delivery_purpose": purpose,
        "delivery_now": now,
        "delivery_due": due,
        "delivery_caps": dumps_exact(caps).decode(),
        "delivery_holdout_salt": policy.holdout_salt,
        "delivery_holdout_percent": policy.holdout_percent,
        "delivery_zone": policy.time_zone,
        **cap_params,
        **quiet_params,
    }
    return Asked(
        refusal=asked.format(is_held_out=contact.HELD_OUT_SQL if has_holdout else "false", is_capped=capped),
        due=later,
        clock=contact.CLOCK_SQL.format(due=plain, zone=contact.ZONE_SQL) if quiet else "",
        capped=joined,
        params=params,
    )


def _capped(
    caps: Sequence[Mapping[str, Any]], channel: str, *, is_of_neighbours: bool
) -> tuple[str, str, dict[str, Any]]:
    """Give the question whether a customer is capped, the join that it reads, and the values of both."""
    if not caps:
        return "false", "", {}
    if not channel:
        return contact.CAPPED_SQL, "", {}
    if is_of_neighbours:
        joined, params = contact.capped_neighbours_sql(caps)
        return "k.customer_id IS NOT NULL", joined, params
    capped, params = contact.capped_sql(caps)
    return capped, "", params


QUIET = """
    SELECT c.channel, delivery_quiet_until(%(now)s, coalesce(nullif(d.time_zone, ''), %(policy)s::jsonb ->> 'zone'),
        c.channel, %(purpose)s, (%(policy)s::jsonb -> 'quiet_hours') || coalesce(f.quiet_hours, '[]')) AS until
    FROM customers_directory d LEFT JOIN delivery_preference f ON f.customer_id = d.customer_id
    CROSS JOIN unnest(%(channels)s::text[]) AS c (channel) WHERE d.public_id = %(customer)s
"""


def list_quiet_until(
    *, customer: uuid.UUID, channels: Sequence[str], purpose: str, now: datetime
) -> dict[str, datetime | None]:
    """Give by channel until when a customer is not to be disturbed, None where a message would go at once."""
    asked = {"customer": customer, "channels": list(channels), "purpose": purpose, "now": now, "policy": as_told()}
    return {str(row["channel"]): row["until"] for row in sql.fetch_all(QUIET, asked)}


def as_told() -> str:
    """Give the policy as ``delivery_begin`` is told it."""
    policy = current()
    told = {
        "caps": policy.caps,
        "quiet_hours": policy.quiet_hours,
        "holdout_percent": policy.holdout_percent,
        "holdout_salt": policy.holdout_salt,
        "zone": policy.time_zone,
    }
    return dumps_exact(told).decode()


def get_policy() -> ContactPolicyView:
    """Give the contact policy."""
    return _view(current())


@transaction.atomic
def save_policy(
    *,
    caps: Sequence[ContactCap],
    quiet_hours: Sequence[QuietHours],
    holdout_percent: int,
    time_zone: str,
    actor: Actor,
    now: datetime,
    check_version: VersionCheck = any_version,
) -> ContactPolicyView:
    """Put another policy in force: for all that is queued or sent from now on, and for what the quiet hours hold.

    :param check_version: may refuse the version that stands.
    :raises ContactPolicyInvalid: ``problems`` say what is wrong with it.
    """
    problems = [*_problems_of(caps, quiet_hours)]
    if not 0 <= holdout_percent <= HOLDOUT_PERCENT_MAX:
        problems.append(FieldProblem("holdout_percent", "out_of_range", f"From 0 to {HOLDOUT_PERCENT_MAX}."))
    if time_zone not in available_timezones():
        problems.append(FieldProblem("time_zone", "unknown", "A zone of the IANA database, such as Asia/Beirut."))
    if problems:
        raise ContactPolicyInvalid(problems[0].message, problems=problems)
    current()
    policy = ContactPolicy.objects.select_for_update().get()
    check_version(policy.version)
    before, planned_by = _view(policy), (policy.quiet_hours, policy.time_zone)
    policy.caps = [asdict(cap) for cap in caps]
    policy.quiet_hours = [
        {**asdict(one), "starts": one.starts.isoformat("minutes"), "ends": one.ends.isoformat("minutes")}
        for one in quiet_hours
    ]
    policy.holdout_percent, policy.time_zone = holdout_percent, time_zone
    if (policy.quiet_hours, policy.time_zone) != planned_by:
        policy.quiet_changed_at = now
        work.ring("delivery.replan_held")
    policy.save(update_fields=["caps", "quiet_hours", "holdout_percent", "time_zone", "quiet_changed_at"])
    bump_version(policy)
    after = _view(ContactPolicy.objects.get())
    audit.record(
        actor=actor,
        act="delivery.manage",
        subject_kind="contact_policy",
        subject_ref=str(policy.public_id),
        at=now,
        before=_plain(before),
        after=_plain(after),
    )
    return after


def _problems_of(caps: Sequence[ContactCap], quiet_hours: Sequence[QuietHours]) -> list[FieldProblem]:
    problems = []
    if len(caps) > CAPS_MAX:
        problems.append(FieldProblem("caps", "too_many", f"At most {CAPS_MAX} caps."))
    if len(quiet_hours) > QUIET_HOURS_MAX:
        problems.append(FieldProblem("quiet_hours", "too_many", f"At most {QUIET_HOURS_MAX} times."))
    for place, cap in enumerate(caps):
        problems += _problems_of_place(f"caps.{place}", cap.channel, cap.purpose)
        if not 1 <= cap.sends_max <= SENDS_MAX:
            problems.append(FieldProblem(f"caps.{place}.sends_max", "out_of_range", f"From 1 to {SENDS_MAX}."))
        if not 1 <= cap.hours <= HOURS_MAX:
            problems.append(FieldProblem(f"caps.{place}.hours", "out_of_range", f"From 1 to {HOURS_MAX}."))
    for place, quiet in enumerate(quiet_hours):
        problems += _problems_of_place(f"quiet_hours.{place}", quiet.channel, quiet.purpose)
        if quiet.starts == quiet.ends:
            problems.append(FieldProblem(f"quiet_hours.{place}.ends", "empty", "It ends when it starts."))
    return problems


def _problems_of_place(field: str, channel: str, purpose: str) -> list[FieldProblem]:
    problems = []
    if channel and channel not in set(ChannelCode):
        problems.append(FieldProblem(f"{field}.channel", "unknown", f"One of {', '.join(ChannelCode)}, or empty."))
    if purpose and purpose not in set(Purpose):
        problems.append(FieldProblem(f"{field}.purpose", "unknown", f"One of {', '.join(Purpose)}, or empty."))
    return problems


@transaction.atomic
def suppress(
    *, channel: str, address: str, reason: str, until: datetime | None, origin: str, actor: Actor, now: datetime
) -> Suppression:
    """Let nothing go to an address from now on; one that is there already gets the new reason and end.

    It holds for every way of writing the address, also by a customer who comes later.
    """
    wanted = {"reason": reason, "until": until, "origin": origin[:200]}
    given = Suppression(channel=channel, address=address, **wanted)
    Suppression.objects.bulk_create(
        [given], update_conflicts=True, unique_fields=["channel", "address_key"], update_fields=[*wanted]
    )
    key = Func(Value(channel), Value(address), function="customers_address_key")
    row = Suppression.objects.get(channel=channel, address_key=key)
    _record(actor, row, now, after={"channel": channel, "reason": reason, "until": until})
    return row


@transaction.atomic
def lift(*, suppression_id: uuid.UUID, actor: Actor, now: datetime) -> None:
    """Let messages go to an address again.

    :raises SuppressionNotFound: there is none with this id.
    """
    row = Suppression.objects.select_for_update().filter(public_id=suppression_id).first()
    if row is None:
        raise SuppressionNotFound()
    row.delete()
    _record(actor, row, now, before={"channel": row.channel, "reason": row.reason})


def _record(
    actor: Actor,
    row: Suppression,
    now: datetime,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    audit.record(
        actor=actor,
        act="delivery.manage",
        subject_kind="suppression",
        subject_ref=str(row.public_id),
        at=now,
        before=before,
        after=after,
    )


def _view(policy: ContactPolicy) -> ContactPolicyView:
    return ContactPolicyView(
        caps=tuple(ContactCap(**cap) for cap in policy.caps),
        quiet_hours=tuple(
            QuietHours(**{**one, "starts": time.fromisoformat(one["starts"]), "ends": time.fromisoformat(one["ends"])})
            for one in policy.quiet_hours
        ),
        holdout_percent=policy.holdout_percent,
        time_zone=policy.time_zone,
        version=policy.version,
    )


def _plain(view: ContactPolicyView) -> dict[str, Any]:
    told = asdict(view)
    for one in told["quiet_hours"]:
        one["starts"], one["ends"] = one["starts"].isoformat("minutes"), one["ends"].isoformat("minutes")
    return told
