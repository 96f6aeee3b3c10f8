"""From Xiva's words to ours."""

from datetime import UTC

from loyalty.customers.contracts import ConsentRecord, CustomerRecord, CustomerStatus
from loyalty.customers.kinds.xiva.contracts import XivaCustomer
from loyalty.customers.policy import CHANNEL_NAMES, STATUSES


def _plain(text: str) -> str:
    """PostgreSQL has no text with NUL."""
    return text.replace("\0", "")


def _address(customer: XivaCustomer, medium_type: str, attribute: str) -> str:
    """Give the preferred address of a kind, else the first."""
    fitting = [one for one in customer.contact_medium if one.medium_type.lower() == medium_type]
    fitting.sort(key=lambda one: not one.preferred)
    return _plain(next((text for one in fitting if (text := str(getattr(one.characteristic, attribute)))), ""))


def record_of(customer: XivaCustomer) -> CustomerRecord:
    """Give a customer as we take them in; a status that we do not know counts as active."""
    choices = {
        (one.channel, one.purpose): ConsentRecord(
            channel=CHANNEL_NAMES.get(one.channel, one.channel),
            purpose=one.purpose,
            is_granted=one.is_granted,
            changed_at=one.changed_at if one.changed_at.tzinfo else one.changed_at.replace(tzinfo=UTC),
        )
        for one in customer.privacy
    }
    return CustomerRecord(
        customer_ref=_plain(customer.id),
        first_name=_plain(customer.given_name),
        last_name=_plain(customer.family_name),
        status=STATUSES.get(customer.status.lower(), CustomerStatus.ACTIVE),
        language=_plain(customer.language),
        time_zone=_plain(customer.time_zone),
        city=_address(customer, "postaladdress", "city"),
        gender=_plain(customer.gender),
        birth_date=customer.birth_date,
        customer_since=customer.customer_since,
        email=_address(customer, "email", "email_address"),
        phone=_address(customer, "phone", "phone_number"),
        push_token=_address(customer, "push", "token"),
        consents=tuple(choices.values()),
    )
