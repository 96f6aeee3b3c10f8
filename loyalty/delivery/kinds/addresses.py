"""What an address of a channel looks like: for test messages, whose address a person types."""

import re
import uuid

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

# E.164, with or without the sign before it; shorter ones are short numbers, which receive nothing.
TELEPHONE = re.compile(r"\+?[0-9]{6,15}", re.ASCII)
MAIL_WORDS, TELEPHONE_WORDS, CUSTOMER_WORDS = "an e-mail address", "a telephone number", "the id of a customer"


# What people put between the digits of a number so that it can be read.
BETWEEN_DIGITS = re.compile(r"[\s().\-/]")
MAIL, TELEPHONES = "email", ("sms", "whatsapp")


def read(channel: str, text: str) -> str | None:
    """Give an address of a channel as it is kept, or None where it is none."""
    if channel == MAIL:
        return text.strip() if is_mail(text.strip()) else None
    if channel in TELEPHONES:
        number = BETWEEN_DIGITS.sub("", text)
        return number if is_telephone(number) else None
    return text.strip().lower() if is_customer(text.strip()) else None


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
