"""Mails by Postmark."""

from collections.abc import Mapping
from typing import Any

from anymail.backends.postmark import EmailBackend  # type: ignore[import-untyped]

from loyalty.delivery.kinds.email.providers.by_anymail import Ways, address_of, ask


def _make(section: Mapping[str, Any]) -> EmailBackend:
    return EmailBackend(server_token=section["api_key"], **address_of(section))


connect = Ways(_make).connect


def probe(values: Mapping[str, Any]) -> None:
    """Ask whether our key is known.

    :raises DeliveryError: it is refused, or no answer came.
    """
    ask(
        _make(values).api_url,
        "server",
        headers={"X-Postmark-Server-Token": values["api_key"], "Accept": "application/json"},
    )
