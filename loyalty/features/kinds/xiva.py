"""Features from the BSS, asked one customer at a time."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings

from loyalty.customers import api as customers
from loyalty.features.policy import XIVA_FIELDS
from loyalty.foundation.kernel.errors import Unavailable

# A batch does not turn into a thousand calls.
CALLS_MAX = 20
NOT_ASKED = "bss.not_asked_for_all"


def ask(wanted: Sequence[uuid.UUID], degraded: set[str]) -> dict[uuid.UUID, Mapping[str, Any]]:
    """Give what the BSS knows; add to ``degraded`` when it cannot be asked. Without a BSS nobody is known."""
    if not settings.XIVA_API_BASE_URL:
        return {}
    answers: dict[uuid.UUID, Mapping[str, Any]] = {}
    for customer in customers.list_customers(wanted[:CALLS_MAX]):
        try:
            facts = customers.find_bss_facts(customer.customer_ref)
        except Unavailable as refusal:
            degraded.add(refusal.code)
            break
        if facts is not None:
            answers[customer.id] = {name: value for name, value in facts.items() if name in XIVA_FIELDS}
    if len(wanted) > CALLS_MAX:
        degraded.add(NOT_ASKED)
    return answers
