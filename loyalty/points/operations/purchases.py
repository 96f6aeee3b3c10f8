"""Purchases that come as events: they earn in every active program of the customer, once per event and program."""

import hashlib
import logging
import uuid
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.errors import Refusal
from loyalty.foundation.kernel.money import parse_amount
from loyalty.points import queries
from loyalty.points.contracts import EarnReceipt, EarnRequest, Key, MemberRef
from loyalty.points.operations.earning import earn, remember_nothing
from loyalty.programs import api as programs

log = logging.getLogger("loyalty.points")

SCOPE = "event"
# Of an event's data only this goes along with the transaction; a sender may put anything into the rest.
CONTEXT_NAMES = ("description", "channel", "product_category", "product_id", "quantity", "store", "event_id")


@transaction.atomic
def earn_for_purchase(
    *,
    customer_id: uuid.UUID,
    data: Mapping[str, Any],
    event_id: uuid.UUID,
    occurred_at: datetime,
    correlation_id: uuid.UUID | None,
    actor: Actor,
    now: datetime,
) -> list[EarnReceipt]:
    """Earn for one purchase event in each active program where the customer is a member or becomes one by itself.

    A refusal (a frozen account, another currency, a broken amount) is lasting, so it is remembered with its code and
    not tried again; a fault leaves everything undone and is.
    """
    receipts = []
    for plan in programs.list_active_plans(at=occurred_at):
        is_automatic = plan.enrollment is programs.Enrollment.AUTOMATIC
        member = queries.find_member(customer_id=customer_id, program_id=plan.program_id)
        if member is None and not (is_automatic and programs.is_open(plan, occurred_at)):
            continue
        key = Key(
            scope=SCOPE, key=f"{event_id}:{plan.program_id}", request_hash=hashlib.sha256(event_id.bytes).digest()
        )
        try:
            with transaction.atomic():
                request = _request(customer_id, plan.program_id, key, data, event_id, occurred_at, correlation_id)
                receipts.append(earn(request=request, actor=actor, now=now))
        except Refusal as refusal:
            log.info("purchase %s earns nothing in %s: %s", event_id, plan.code, refusal.code)
            if member is not None:
                trace = {"reason": refusal.code, "detail": refusal.detail, "program_version": plan.version_number}
                receipts.append(remember_nothing(key, member, trace, occurred_at, tier=None))
    return receipts


def _request(
    customer_id: uuid.UUID,
    program_id: uuid.UUID,
    key: Key,
    data: Mapping[str, Any],
    event_id: uuid.UUID,
    occurred_at: datetime,
    correlation_id: uuid.UUID | None,
) -> EarnRequest:
    amount = data.get("amount")
    # Older senders write a JSON fraction; by its shortest text it is the number that they wrote.
    exact: Decimal = parse_amount(str(amount) if isinstance(amount, float) else amount)
    context = {name: data[name] for name in CONTEXT_NAMES if isinstance(data.get(name), str | int | Decimal)}
    return EarnRequest(
        member=MemberRef(customer_id=customer_id, program_id=program_id),
        key=key,
        occurred_at=occurred_at,
        amount=exact,
        currency=str(data.get("currency") or ""),
        context=context,
        causation_id=event_id,
        correlation_id=correlation_id,
    )
