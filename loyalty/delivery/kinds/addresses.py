"""What an address of a channel looks like: for test messages, whose address a person types."""

import re
import uuid

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

# E.164, with or without the sign before it; shorter ones are short numbers, which receive nothing.
TELEPHONE = re.compile(r"\+?[0-9]{6,15}", re.ASCII)
MAIL_WORDS, TELEPHONE_WORDS, CUSTOMER_WORDS = "an e-mail address", "a telephone number", "the id of a customer"


def is_mail(text: str) -> bool:
    """Tell whether a mail can go there."""
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True


def is_telephone(text: str) -> bool:
    """Tell whether it is a telephone's number."""
    return TELEPHONE.fullmatch(text) is not None


def is_customer(text: str) -> bool:
    """Tell whether it is the public id of a customer: where the customer is the address."""
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False
