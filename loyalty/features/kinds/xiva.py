"""Features from the BSS: asked for all customers together where it can do that."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from loyalty.customers import api as customers
from loyalty.features.kinds.replies import Reply, misfits
from loyalty.features.policy import XIVA_FIELDS, Answer, Trouble, fitted

NAME = "Xiva"


def is_configured() -> bool:
    """Whether there is a BSS to ask."""
    return customers.is_bss_configured()


def ask(wanted: Sequence[uuid.UUID], *, now: datetime) -> Reply:
    """Give what the BSS knows. Without a BSS, and of customers that the platform does not know, nothing is known."""
    references: dict[str, uuid.UUID] = {}
    if is_configured():
        references = {one.customer_ref: one.id for one in customers.list_customers(wanted)}
    facts = customers.find_bss_facts_of(list(references))
    reply = Reply(troubles={references[ref]: Trouble(facts.code, facts.reason) for ref in facts.unanswered})
    for ref, raw in facts.known.items():
        reply.answers[references[ref]] = _answer(raw, now)
    unknown = Answer(values=None, fetched_at=now)
    for one in wanted:
        if one not in reply.troubles:
            reply.answers.setdefault(one, unknown)
    return reply


def _answer(raw: Mapping[str, Any], now: datetime) -> Answer:
    values: dict[str, Any] = {}
    odd: list[str] = []
    for name, kind in XIVA_FIELDS.items():
        if name in raw:
            values[name], fits = fitted(raw[name], kind)
            if not fits:
                odd.append(name)
    return Answer(values=values, fetched_at=now, as_of=now, troubles=misfits(NAME, odd))
