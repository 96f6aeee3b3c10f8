"""Events from outside that have customers earn: purchases, referrals, and whatever a program's rules name."""

import hashlib
import logging
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from loyalty.customers import api as customers
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.errors import Refusal
from loyalty.foundation.kernel.ids import PublicIdInvalid, parse_public_id
from loyalty.foundation.kernel.money import parse_amount
from loyalty.ledger import api as ledger
from loyalty.points import queries
from loyalty.points.contracts import EarnReceipt, EarnRequest, InboundEvent, Key, MemberFacts, MemberRef
from loyalty.points.errors import ReferralRefused
from loyalty.points.operations.batches import earn_batch
from loyalty.points.operations.earning import earn
from loyalty.points.operations.nothing import remember_nothing
from loyalty.programs import api as programs
from loyalty.programs.contracts import EVENT_PURCHASE, ProgramPlan

log = logging.getLogger("loyalty.points")

SCOPE = "event"
SCOPE_REFERRAL = "referral"
# Of a purchase's data only this goes along with the transaction; a sender may put anything into the rest.
CONTEXT_NAMES = (
    "description", "channel", "product_category", "product_id", "quantity", "store", "event_id", "partner_ref",
    "purchase_ref", "tax_amount", "fee_amount", "points_paid_amount",
)  # fmt: skip
LINE_NAMES = ("line_id", "product_id", "product_category", "quantity", "amount")


@transaction.atomic
def earn_for_purchase(*, event: InboundEvent, actor: Actor, now: datetime) -> list[EarnReceipt]:
    """Earn for one purchase event in each active program where the customer is a member or becomes one by itself.

    A refusal (a frozen account, another currency, a broken amount) is lasting, so it is remembered with its code and
    not tried again; a fault leaves everything undone and is.
    """
    return _earn_everywhere(event, actor, now)


@transaction.atomic
def earn_for_event(*, event: InboundEvent, actor: Actor, now: datetime) -> list[EarnReceipt]:
    """Earn for an event that is no purchase in each active program of the customer whose rules name it."""
    return _earn_everywhere(event, actor, now)


@transaction.atomic
def earn_for_events(*, events: Sequence[InboundEvent], actor: Actor, now: datetime) -> None:
    """Do for several purchases or other events what ``earn_for_purchase`` and ``earn_for_event`` do for each.

    What the members among their customers earn is posted together. An event of somebody who would become a member by
    it, or which a program refuses, is taken by itself: it may leave nothing behind but its refusal.
    """
    histories = list(queries.list_histories().values())
    plans = {event.event_id: _plans(event, histories) for event in events}
    pairs = [(event.customer_id, plan.program_id) for event in events for plan in plans[event.event_id]]
    members = queries.list_members_of(pairs)
    together: list[EarnRequest] = []
    alone: set[uuid.UUID | None] = set()
    for event in events:
        asked = _requests_of_member(event, plans[event.event_id], members)
        if asked is None:
            alone.add(event.event_id)
        else:
            together.extend(asked)
    for start in range(0, len(together), ledger.BATCH_LINES_MAX):
        requests = together[start : start + ledger.BATCH_LINES_MAX]
        lines = earn_batch(requests=requests, actor=actor, now=now)
        alone |= {one.causation_id for one, line in zip(requests, lines, strict=True) if line.receipt is None}
    for event in events:
        if event.event_id in alone:
            _earn_everywhere(event, actor, now)


def _requests_of_member(
    event: InboundEvent, plans: Sequence[ProgramPlan], members: Mapping[tuple[uuid.UUID, uuid.UUID], MemberFacts]
) -> list[EarnRequest] | None:
    """Give what a member asks of its programs; None when a program would take the customer in, or none can be asked."""
    requests = []
    for plan in plans:
        if (event.customer_id, plan.program_id) in members:
            try:
                requests.append(_request(event, plan.program_id, _key_of(event, plan)))
            except Refusal:
                return None
        elif _may_open(plan, event.occurred_at):
            return None
    return requests


def _earn_everywhere(event: InboundEvent, actor: Actor, now: datetime) -> list[EarnReceipt]:
    receipts = []
    for plan in _plans(event, queries.list_histories().values()):
        member = _member_or_open(event.customer_id, plan, event.occurred_at)
        if member is None:
            continue
        key = _key_of(event, plan)
        try:
            with transaction.atomic():
                receipts.append(earn(request=_request(event, plan.program_id, key), actor=actor, now=now))
        except Refusal as refusal:
            log.info("event %s earns nothing in %s: %s", event.event_id, plan.code, refusal.code)
            receipts.extend(_remember_refusal(member, key, plan, refusal, event.occurred_at))
    return receipts


@transaction.atomic
def earn_for_referral(*, event: InboundEvent, actor: Actor, now: datetime) -> list[EarnReceipt]:
    """Give both sides of a referral what each active program promises, once for each customer who was brought in.

    The event's customer was brought in; ``referrer_ref`` or ``referrer_id`` in its data names who did it.
    """
    referrer_id = _referrer_of(event.data)
    receipts = []
    for plan in _plans(event, queries.list_histories().values()):
        both = (
            (referrer_id, plan.referral.referrer_points, "referrer"),
            (event.customer_id, plan.referral.referee_points, "referee"),
        )
        if not any(points for _, points, _ in both):
            continue
        brought = _member_or_open(event.customer_id, plan, event.occurred_at)
        bringer = queries.find_member(customer_id=referrer_id, program_id=plan.program_id) if referrer_id else None
        if brought is None:
            continue
        if bringer is None or referrer_id == event.customer_id:
            refused = ReferralRefused("Another member brings a customer in.")
            key = _key(SCOPE_REFERRAL, f"{plan.program_id}:{event.customer_id}:{event.event_id}", event)
            receipts.extend(_remember_refusal(brought, key, plan, refused, event.occurred_at))
            continue
        receipts.extend(_give_both(event, plan, both, actor, now))
    return receipts


def _give_both(
    event: InboundEvent,
    plan: ProgramPlan,
    both: tuple[tuple[uuid.UUID | None, int, str], ...],
    actor: Actor,
    now: datetime,
) -> list[EarnReceipt]:
    receipts = []
    for customer_id, points, side in both:
        if not points or customer_id is None:
            continue
        # One key for each customer brought in, whoever brought them and however often it is told.
        name = f"{plan.program_id}:{event.customer_id}:{side}"
        key = Key(scope=SCOPE_REFERRAL, key=name, request_hash=hashlib.sha256(name.encode()).digest())
        request = EarnRequest(
            member=MemberRef(customer_id=customer_id, program_id=plan.program_id),
            key=key,
            occurred_at=event.occurred_at,
            points=points,
            context={"event_type": event.event_type, "referral": side, "referee_id": str(event.customer_id)},
            causation_id=event.event_id,
            correlation_id=event.correlation_id,
        )
        try:
            with transaction.atomic():
                receipts.append(earn(request=request, actor=actor, now=now))
        except Refusal as refusal:
            log.info("referral %s gives the %s nothing in %s: %s", event.event_id, side, plan.code, refusal.code)
            member = queries.find_member(customer_id=customer_id, program_id=plan.program_id)
            receipts.extend(_remember_refusal(member, key, plan, refusal, event.occurred_at))
    return receipts


def _plans(event: InboundEvent, histories: Iterable[queries.History]) -> list[ProgramPlan]:
    """Give the versions of active programs that say something about the event, as of its instant."""
    plans = [programs.plan_at(history, event.occurred_at) for history in histories]
    return [
        plan
        for plan in plans
        if event.event_type in (EVENT_PURCHASE, programs.EVENT_REFERRED)
        or any(rule.event_type == event.event_type for rule in plan.earn_rules)
    ]


def _member_or_open(customer_id: uuid.UUID, plan: ProgramPlan, at: datetime) -> MemberFacts | uuid.UUID | None:
    """Give the member, or the customer whom the program takes in by itself, or None."""
    found = queries.find_member(customer_id=customer_id, program_id=plan.program_id)
    return found or (customer_id if _may_open(plan, at) else None)


def _may_open(plan: ProgramPlan, at: datetime) -> bool:
    return plan.enrollment is programs.Enrollment.AUTOMATIC and programs.is_open(plan, at)


def _remember_refusal(
    member: MemberFacts | uuid.UUID | None, key: Key, plan: ProgramPlan, refusal: Refusal, occurred_at: datetime
) -> list[EarnReceipt]:
    if not isinstance(member, MemberFacts):
        return []
    trace = {"reason": refusal.code, "detail": refusal.detail, "program_version": plan.version_number}
    return [remember_nothing(key, member, trace, occurred_at, tier=None)]


def _key_of(event: InboundEvent, plan: ProgramPlan) -> Key:
    return _key(SCOPE, f"{event.event_id}:{plan.program_id}", event)


def _key(scope: str, key: str, event: InboundEvent) -> Key:
    return Key(scope=scope, key=key, request_hash=hashlib.sha256(event.event_id.bytes).digest())


def _referrer_of(data: Mapping[str, Any]) -> uuid.UUID | None:
    ref, named = data.get("referrer_ref"), data.get("referrer_id")
    try:
        customer_id = parse_public_id(named) if isinstance(named, str) else None
    except PublicIdInvalid:
        return None
    if customer_id is None and not (isinstance(ref, str) and ref):
        return None
    found = customers.find_customer(customer_id=customer_id, customer_ref="" if customer_id else str(ref))
    return found.id if found else None


def _request(event: InboundEvent, program_id: uuid.UUID, key: Key) -> EarnRequest:
    is_purchase = event.event_type == EVENT_PURCHASE
    return EarnRequest(
        member=MemberRef(customer_id=event.customer_id, program_id=program_id),
        key=key,
        occurred_at=event.occurred_at,
        amount=_amount(event.data.get("amount"), is_required=is_purchase),
        currency=str(event.data.get("currency") or ""),
        context=_context(event.data),
        event_type=event.event_type,
        causation_id=event.event_id,
        correlation_id=event.correlation_id,
    )


def _amount(value: object, *, is_required: bool) -> Decimal | None:
    """Read an amount; an event that is no purchase may have none, or nothing that counts as one."""
    try:
        # Older senders write a JSON fraction; by its shortest text it is the number that they wrote.
        amount = parse_amount(str(value) if isinstance(value, float) else value)
    except Refusal:
        if is_required:
            raise
        return None
    return amount if is_required or amount > 0 else None


def _context(data: Mapping[str, Any]) -> dict[str, Any]:
    context = {name: data[name] for name in CONTEXT_NAMES if isinstance(data.get(name), str | int | float | Decimal)}
    lines = data.get("lines")
    if isinstance(lines, list):
        context["lines"] = [
            {name: line[name] for name in LINE_NAMES if name in line} if isinstance(line, Mapping) else line
            for line in lines
        ]
    elif lines is not None:
        context["lines"] = lines
    return context
