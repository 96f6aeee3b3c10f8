"""The section ``webhook-channel`` of the configuration: the operator's system that carries messages on."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

from loyalty.delivery.kinds.sections import constant, endpoint_problems
from loyalty.foundation.configuration import api as configuration
from loyalty.foundation.configuration.api import Field, FieldType
from loyalty.foundation.kernel.errors import FieldProblem

PREFIX = "whsec_"
# Standard Webhooks 1.0 asks for 24 to 64 bytes.
SECRET_BYTES = range(24, 65)


def is_webhook_set(values: Mapping[str, Any]) -> bool:
    """Tell whether there is a system to post to."""
    return bool(values["url"] and values["secret"])


def _problems(values: Mapping[str, Any]) -> Sequence[FieldProblem]:
    problems = endpoint_problems({"base_url": values["url"]}, "webhook", "url")
    if values["secret"]:
        try:
            size = len(base64.b64decode(values["secret"].removeprefix(PREFIX), validate=True))
        except (binascii.Error, ValueError):
            size = 0
        if size not in SECRET_BYTES:
            message = "24 to 64 random bytes in base64, with or without whsec_ before them."
            problems.append(FieldProblem("secret", "invalid", message))
    return problems


WEBHOOK = configuration.SectionSpec(
    code="webhook-channel",
    title="Webhook channel",
    title_in={"ar": "قناة الويب هوك"},
    description="A system of the operator's that carries messages to customers in its own way.",
    fields=(
        Field(
            "url",
            FieldType.TEXT,
            "Address",
            constant(""),
            description="Empty: nothing goes this way.",
            is_endpoint=True,
        ),
        Field(
            "secret",
            FieldType.SECRET,
            "Secret",
            constant(""),
            description="What each message is signed with (Standard Webhooks 1.0): whsec_ and base64.",
        ),
    ),
    validate=_problems,
    needs_approval=True,
)
