"""What journeys keep of a person and erase with the customer: what was brought along, what nodes came to, arms."""

import uuid
from collections.abc import Mapping
from datetime import datetime

from loyalty.foundation.orm import sql
from loyalty.journeys.operations import assigning

CONTEXTS = """
    DELETE FROM journeys_context c USING journeys_execution x WHERE x.id = c.execution_id AND x.customer_id = %s
"""


def erase(customer_id: uuid.UUID, internal_id: int, *, now: datetime) -> Mapping[str, int]:
    """Erase a customer's part (``customers.register_erasure``); who is inside leaves by the fact that follows."""
    return {"contexts": sql.execute(CONTEXTS, [internal_id]), "arms": assigning.erase(internal_id)}
