"""Answering: the campaigns that wait for facts, set off by all facts of a batch at once.

Each fact that a campaign answers is an occurrence of its own, for the one customer whom it is about, and is named by
its id: whoever brings it again (the relay, a look-back) finds it begun. A batch takes as many statements as one fact
does, for each campaign and channel. Facts of one customer are placed in rounds, so that the second one finds what the
first one left.
"""

import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db import transaction

from loyalty.campaigns.contracts import CampaignStatus, Plan, TriggerKind
from loyalty.campaigns.events import CampaignTriggered
from loyalty.campaigns.kinds import balances, threshold
from loyalty.campaigns.kinds import event as event_kind
from loyalty.campaigns.models import BalanceMark, Campaign
from loyalty.campaigns.operations import fan_out
from loyalty.campaigns.operations.planning import falls_back_until, key_of, plan_of, request_of
from loyalty.campaigns.policy import plans
from loyalty.campaigns.queries import audience as audiences
from loyalty.delivery import api as delivery
from loyalty.foundation.events import api as events
from loyalty.foundation.events.contracts import Envelope
from loyalty.foundation.kernel.exact_json import dumps_exact
from loyalty.foundation.kernel.ids import new_public_id
from loyalty.foundation.orm import sql

# A share lock lets batches run side by side, and makes a pause wait for them or them for it.
HOLD = "SELECT id FROM campaigns_campaign WHERE id = ANY(%s) AND status = 'ACTIVE' ORDER BY id FOR SHARE"
BEGIN = """
    INSERT INTO campaigns_occurrence (public_id, campaign_id, occurrence, trigger_kind, event_id, customer_ref, plan,
        answer, triggered_at, is_complete, population, falls_back_until)
    SELECT n.id, %(campaign)s, n.event::text, %(kind)s, n.event, n.customer, n.plan::jsonb, '{}', %(now)s, true, 1,
        %(until)s
    FROM unnest(%(ids)s::uuid[], %(events)s::uuid[], %(customers)s::uuid[], %(plans)s::text[])
        AS n (id, event, customer, plan)
    ORDER BY n.event
    ON CONFLICT (campaign_id, occurrence) DO NOTHING RETURNING public_id
"""
KEEP = """
    UPDATE campaigns_occurrence o SET answer = n.answer::jsonb
    FROM unnest(%(ids)s::uuid[], %(answers)s::text[]) AS n (id, answer) WHERE o.public_id = n.id
"""

# A fact with the customer whom it is about.
Told = tuple[Envelope, uuid.UUID]


@dataclass(frozen=True, slots=True)
class Hearing:
    """The facts of a batch that one campaign answers, or, where it watches balances, that it looks at."""

    campaign: int
    facts: frozenset[uuid.UUID]


@dataclass(frozen=True, slots=True)
class Answer:
    """One campaign's answer to one fact: its occurrence, and its message on each channel."""

    fact: Envelope
    customer: uuid.UUID
    occurrence: uuid.UUID
    messages: Mapping[str, uuid.UUID]
    plan: Plan

    def kept(self) -> str:
        """Give the plan as it is kept with the occurrence."""
        messages = {channel: str(one) for channel, one in self.messages.items()}
        return dumps_exact({**plans.kept(self.plan), "messages": messages}).decode()

    def values(self) -> dict[str, Any]:
        """Give what the templates show of the fact."""
        used = {name: self.plan.shared.get(name) for name in self.plan.used if name.startswith(event_kind.PREFIX)}
        return {name: value for name, value in used.items() if value is not None}


class Standing:
    """A campaign that is held while it answers, with what all of its answers have in common."""

    def __init__(self, campaign: Campaign, now: datetime) -> None:
        self.campaign = campaign
        self.now = now
        self.is_listening = campaign.trigger_kind == TriggerKind.EVENT

    @cached_property
    def plan(self) -> Plan:
        """The plan, without what each fact tells."""
        return plan_of(self.campaign)

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """The fields of the facts that the campaign waits for; of a posting it shows nothing but the balance."""
        return event_kind.fields_of(self.campaign.event_type) if self.is_listening else ()

    @cached_property
    def requests(self) -> dict[str, delivery.MessageRequest]:
        """What is said on each channel."""
        kind = str(self.campaign.trigger_kind)
        return {one: request_of(self.campaign, one, kind=kind, now=self.now) for one in self.plan.channels}

    def answer(self, told: Told) -> Answer:
        """Give the answer to a fact."""
        fact, customer = told
        shared = {**event_kind.shared_values(fact, self.fields), **self.plan.shared}
        messages = {channel: new_public_id() for channel in self.plan.channels}
        return Answer(fact, customer, new_public_id(), messages, replace(self.plan, shared=shared))


@transaction.atomic
def fire_set(*, facts: Sequence[Envelope], now: datetime, campaign: int | None = None) -> int:
    """Trigger the campaigns that wait for these facts, or the one that is named, each for its customer alone; give how
    many occurrences began.

    The same comes of it whether the facts are given together, one after another, or more than once.
    """
    told = [(fact, customer) for fact in facts if (customer := customer_of(fact)) is not None]
    hearings = _hear([fact for fact, _ in told], now, campaign)
    standing = _hold([one.campaign for one in hearings], now)
    # Names are taken of the whole batch in one order, so that two who bring the same facts never wait in a circle.
    answers = [
        (one, _begin(one, [each for each in told if each[0].id in hearing.facts]) if one.is_listening else {})
        for hearing in hearings
        if (one := standing.get(hearing.campaign)) is not None
    ]
    watched = {one.campaign: one.facts for one in hearings}
    fired = 0
    for part in in_rounds(_with_recipients(told)):
        for one, named in answers:
            heard = [each for each in part if each[0].id in watched[one.campaign.pk]]
            if one.is_listening:
                # A fact is about its own customer; whoever else it moved the balance of is none of its business.
                begun = [named[fact.id] for fact, who in heard if fact.id in named and named[fact.id].customer == who]
            else:
                begun = list(_begin(one, _crossing(one.campaign, heard)).values()) if heard else []
            fired += _answer(one, begun)
    return fired


def _with_recipients(told: Sequence[Told]) -> list[Told]:
    """Give facts about their customers, a posting also about whoever else's balance it moved."""
    also = [
        [(fact, one.customer) for one in balances.moves_of(fact.type, fact.data, fact.key) if one.customer != customer]
        for fact, customer in told
    ]
    return [each for own, others in zip(told, also, strict=True) for each in (own, *others)]


def customer_of(event: Envelope) -> uuid.UUID | None:
    """Give the customer that a fact is about: its key."""
    try:
        return uuid.UUID(event.key)
    except ValueError:
        return None


def in_rounds(told: Iterable[Told]) -> list[list[Told]]:
    """Give facts in rounds in which each customer occurs once, the first of each in the first."""
    rounds: list[list[Told]] = []
    places: Counter[uuid.UUID] = Counter()
    for one in told:
        place = places[one[1]]
        places[one[1]] += 1
        if place == len(rounds):
            rounds.append([])
        rounds[place].append(one)
    return rounds


def _hear(facts: Sequence[Envelope], now: datetime, campaign: int | None) -> list[Hearing]:
    """Give what each active campaign hears of the facts: those that wait for one, then those that watch balances."""
    by_type: dict[str, list[Envelope]] = defaultdict(list)
    for fact in facts:
        by_type[fact.type].append(fact)
    active = Campaign.objects.filter(status=CampaignStatus.ACTIVE).order_by("pk")
    waiting = active.filter(trigger_kind=TriggerKind.EVENT, event_type__in=by_type)
    heard: list[tuple[int, Iterable[Envelope]]] = []
    for one in waiting if campaign is None else waiting.filter(pk=campaign):
        fresh = [fact for fact in by_type[one.event_type] if not event_kind.is_too_old(one.trigger, fact, now=now)]
        heard.append((one.pk, event_kind.passing(one.trigger, _concerning(one, fresh), now=now)))
    postings = [fact for fact in facts if fact.type in balances.FACTS]
    if postings and campaign is None:
        watching = active.filter(trigger_kind=TriggerKind.THRESHOLD, event_type=threshold.BALANCE)
        heard += [(one.pk, _concerning(one, postings)) for one in watching]
    hearings = [Hearing(pk, frozenset(fact.id for fact in found)) for pk, found in heard]
    return [one for one in hearings if one.facts]


def _concerning(campaign: Campaign, facts: Iterable[Envelope]) -> list[Envelope]:
    """Give the facts that are not about another program; what the campaign's own messages led to is left out."""
    return [fact for fact in facts if _concerns(campaign, fact)]


def _concerns(campaign: Campaign, fact: Envelope) -> bool:
    if fact.type.startswith("message.") and fact.data.get("source_ref") == str(campaign.public_id):
        return False
    program = fact.data.get("program_id")
    return program is None or campaign.program_ref is None or str(program) == str(campaign.program_ref)


def _hold(campaigns: Collection[int], now: datetime) -> dict[int, Standing]:
    """Hold those of the campaigns that are active still."""
    if not campaigns:
        return {}
    held = [row["id"] for row in sql.fetch_all(HOLD, [list(campaigns)])]
    return {one.pk: Standing(one, now) for one in Campaign.objects.filter(pk__in=held)}


def _answer(standing: Standing, begun: Sequence[Answer]) -> int:
    """Answer facts about different customers; give how many."""
    if begun:
        _tell(standing, begun, _place(standing, begun))
    return len(begun)


def _crossing(campaign: Campaign, heard: Sequence[Told]) -> list[Told]:
    """Give the postings that carry their member's balance over the bound now, and remember on which side each is.

    A posting that is older than the one that was looked at last came late, and turns nothing.
    """
    moved = sorted(((one, move) for one in heard if (move := _move_of(one)) is not None), key=lambda each: each[0][1])
    BalanceMark.objects.bulk_create(
        [
            BalanceMark(
                campaign=campaign,
                customer_ref=customer,
                is_met=threshold.turn(campaign.trigger, move.before, move.after, was_met=None)[0],
            )
            for (_, customer), move in moved
        ],
        ignore_conflicts=True,
    )
    rows = BalanceMark.objects.select_for_update().filter(
        campaign=campaign, customer_ref__in=[customer for (_, customer), _ in moved]
    )
    marks = {mark.customer_ref: mark for mark in rows.order_by("customer_ref")}
    crossed: list[Told] = []
    for one, move in moved:
        mark = marks[one[1]]
        if move.sequence is not None and mark.account_sequence is not None and move.sequence <= mark.account_sequence:
            continue
        was, mark.is_met = threshold.turn(campaign.trigger, move.before, move.after, was_met=mark.is_met)
        mark.account_sequence = move.sequence
        if mark.is_met and not was:
            crossed.append(one)
    BalanceMark.objects.bulk_update(marks.values(), ["is_met", "account_sequence"])
    return crossed


def _move_of(told: Told) -> balances.Move | None:
    fact, customer = told
    moves = balances.moves_of(fact.type, fact.data, fact.key)
    return next((one for one in moves if one.customer == customer), None)


def _begin(standing: Standing, heard: Sequence[Told]) -> dict[uuid.UUID, Answer]:
    """Take the occurrences' names for the customers who are meant; give the answers by fact. What was answered before
    is left out, and whoever comes second waits for the first."""
    meant = audiences.meant_of(standing.plan, {customer for _, customer in heard}) if heard else set()
    answers = [standing.answer(one) for one in heard if one[1] in meant]
    if not answers:
        return {}
    rows = sql.fetch_all(
        BEGIN,
        {
            "campaign": standing.campaign.pk,
            "kind": standing.campaign.trigger_kind,
            "now": standing.now,
            "until": falls_back_until(standing.plan, standing.now),
            "ids": [one.occurrence for one in answers],
            "events": [one.fact.id for one in answers],
            "customers": [one.customer for one in answers],
            "plans": [one.kept() for one in answers],
        },
    )
    new = {row["public_id"] for row in rows}
    return {one.fact.id: one for one in answers if one.occurrence in new}


def _place(standing: Standing, begun: Sequence[Answer]) -> dict[uuid.UUID, list[str]]:
    """Place the customers on each channel, or on the first by which each can be reached; give by occurrence why
    nothing goes, or nothing where something does."""
    reasons: dict[uuid.UUID, list[str]] = {one.occurrence: [] for one in begun}
    before = ""
    for channel, request in standing.requests.items():
        named = [
            delivery.NewMessage(one.messages[channel], key_of(standing.campaign, str(one.fact.id)), one.occurrence)
            for one in begun
        ]
        delivery.open_messages(request=request, messages=named, is_complete=not before)
        base = audiences.answered(
            [
                audiences.Answered(
                    one.customer, one.occurrence, one.messages[channel], one.values(), one.messages.get(before)
                )
                for one in begun
            ]
        )
        audience = audiences.audience_of(standing.plan, base, at=standing.now, is_single=True)
        placed = delivery.enqueue_each(request=request, audience=audience, now=standing.now)
        for one in begun:
            if one.messages[channel] in placed:
                reasons[one.occurrence].append(placed[one.messages[channel]])
        before = channel if standing.plan.fallback is not None else ""
    return reasons


def _tell(standing: Standing, begun: Sequence[Answer], reasons: Mapping[uuid.UUID, list[str]]) -> None:
    """Keep what came of each occurrence and publish it; the facts that are answered are their own record."""
    ref = str(standing.campaign.public_id)
    answers, publications = [], []
    for one in begun:
        told = Counter(reasons[one.occurrence])
        queued = told.pop("", 0)
        counted: dict[str, Any] = {"audience": queued, "excluded": fan_out.sum_up([told])}
        name = str(one.fact.id)
        answers.append({"run": None, "occurrence": name, "id": str(one.occurrence), "population": 1, **counted})
        fact = CampaignTriggered(
            campaign_id=ref, occurrence=name, trigger_kind=standing.campaign.trigger_kind,
            customer_id=str(one.customer), **counted,
        )  # fmt: skip
        publications.append(
            events.Publication(
                fact, key=str(one.customer), subject_kind="campaign", subject_ref=ref, occurred_at=standing.now,
                # The messages of the occurrence name it as their cause by the occurrence's own id.
                event_id=one.occurrence, correlation_id=one.fact.correlation_id, causation_id=one.fact.id,
            )
        )  # fmt: skip
    kept = [dumps_exact(one).decode() for one in answers]
    sql.execute(KEEP, {"ids": [one.occurrence for one in begun], "answers": kept})
    events.publish_many(publications)
