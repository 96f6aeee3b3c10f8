"""The contact policy: which reason keeps a message from a customer, asked in one fixed order.

The same decision exists twice, as this function for one customer and as the SQL function ``delivery_exclusion`` for a
set; a test compares them over every combination of facts.
"""

from dataclasses import dataclass

from loyalty.delivery.contracts import Exclusion


@dataclass(frozen=True, slots=True)
class ContactFacts:
    """What is known of a customer on a channel, for a purpose."""

    is_consented: bool
    has_address: bool
    is_held_out: bool = False
    is_capped: bool = False


def exclusion_of(facts: ContactFacts) -> Exclusion | None:
    """Give the first reason not to write, or None: consent, then address, then holdout, then cap."""
    if not facts.is_consented:
        return Exclusion.NO_CONSENT
    if not facts.has_address:
        return Exclusion.NO_ADDRESS
    if facts.is_held_out:
        return Exclusion.HOLDOUT
    if facts.is_capped:
        return Exclusion.CAPPED
    return None


# The same for a set: ``r`` is the customer's row of the view customers_reachable for the channel and the purpose.
EXCLUSION_SQL = "delivery_exclusion(r.is_consented, r.address)"
