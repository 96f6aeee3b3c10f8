"""What is shown of a secret about a person to those who may not see it: enough to tell two apart, too little to use."""

from datetime import date

MASK = "•••"


def mask_text(value: str | None) -> str | None:
    """Give a text as its first letter and the mask; empty and None stay as they are."""
    return f"{value[0]}{MASK}" if value else value


def mask_email(value: str | None) -> str | None:
    """Give an e-mail address as its first letter, the mask and the top of its domain."""
    if not value:
        return value
    name, _, domain = value.partition("@")
    top = domain.rpartition(".")[2]
    return f"{name[:1]}{MASK}@{MASK}.{top}" if domain else mask_text(value)


def mask_phone(value: str | None) -> str | None:
    """Give a phone number as its last two digits behind the mask."""
    return f"{MASK}{value[-2:]}" if value and len(value) > 4 else (MASK if value else value)


def mask_date(value: date | None) -> date | None:
    """Give nothing of a date: even the year of a birth tells apart in a small group."""
    return None


def mask_address(value: str | None) -> str | None:
    """Give an address on any channel: an e-mail's way when it has an @, else a number's."""
    return mask_email(value) if value and "@" in value else mask_phone(value)
