"""Mails by Mailgun."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from anymail.backends.mailgun import EmailBackend  # type: ignore[import-untyped]

from loyalty.delivery.kinds.email.providers.by_anymail import Ways, address_of, ask


def _make(section: Mapping[str, Any]) -> EmailBackend:
    return EmailBackend(api_key=section["api_key"], sender_domain=section["domain"], **address_of(section))


connect = Ways(_make).connect


def probe(values: Mapping[str, Any]) -> None:
    """Ask whether our key is known.

    :raises DeliveryError: it is refused, or no answer came.
    """
    ask(
        _make(values).api_url,
        f"domains/{quote(values['domain'], safe='')}/stats/total?event=delivered",
        auth=("api", values["api_key"]),
    )
