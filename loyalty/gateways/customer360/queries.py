"""Puts the parts together."""

import dataclasses
import uuid
from datetime import datetime
from typing import Any

from loyalty.customers import api as customers


def get_overview(customer_id: uuid.UUID, *, now: datetime) -> dict[str, Any]:
    """Give a customer with all that the domains tell of them.

    Each part is a mapping of section to content; sections of different parts do not share a name.

    :raises CustomerNotFound: there is no such customer.
    """
    customer = customers.get_customer(customer_id)
    consents = [dataclasses.asdict(consent) for consent in customers.list_consents(customer_id)]
    view: dict[str, Any] = {"customer": {**dataclasses.asdict(customer), "consents": consents}}
    for part in customers.overview(customer_id, now=now).values():
        view.update(part)
    return view
