"""The section ``whatsapp`` of the configuration: our number at Meta's Cloud API."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from loyalty.delivery.errors import DeliveryError
from loyalty.delivery.kinds.sections import constant, endpoint_problems, report_of, unconfigured
from loyalty.delivery.kinds.whatsapp.cloud import Cloud
from loyalty.foundation.configuration import api as configuration
from loyalty.foundation.configuration.api import Field, FieldType, TestReport
from loyalty.foundation.kernel.errors import FieldProblem

TRIED = "Asked Meta for our number"
VERSION = re.compile(r"v\d{1,3}\.\d{1,2}", re.ASCII)
NUMBER_ID = re.compile(r"\d{5,30}", re.ASCII)


def is_whatsapp_set(values: Mapping[str, Any]) -> bool:
    """Tell whether messages can go by WhatsApp."""
    return bool(values["phone_number_id"] and values["access_token"])


def _problems(values: Mapping[str, Any]) -> Sequence[FieldProblem]:
    problems = endpoint_problems(values, "whatsapp")
    if not VERSION.fullmatch(values["api_version"]):
        problems.append(FieldProblem("api_version", "invalid", "A version such as v23.0."))
    if values["phone_number_id"] and not NUMBER_ID.fullmatch(values["phone_number_id"]):
        problems.append(FieldProblem("phone_number_id", "invalid", "Digits alone; it is not the number itself."))
    return problems


def _try(values: Mapping[str, Any]) -> TestReport:
    if not is_whatsapp_set(values):
        return unconfigured("number and access token")
    try:
        Cloud(values).probe()
    except DeliveryError as fault:
        return report_of(fault, TRIED, "Meta is there and refuses our token.")
    return TestReport(is_successful=True, outcome="ok", tried=TRIED)


WHATSAPP = configuration.SectionSpec(
    code="whatsapp",
    title="WhatsApp",
    title_in={"ar": "واتساب"},
    description="Our number at Meta's Cloud API.",
    fields=(
        Field(
            "base_url",
            FieldType.TEXT,
            "Address of the API",
            constant("https://graph.facebook.com"),
            is_endpoint=True,
            low=8,
        ),
        Field(
            "api_version",
            FieldType.TEXT,
            "Version of the API",
            constant("v23.0"),
            is_endpoint=True,
        ),
        Field(
            "phone_number_id",
            FieldType.TEXT,
            "Id of our number",
            constant(""),
            description="Digits, from Meta's console; empty: nothing goes by WhatsApp.",
            is_endpoint=True,
        ),
        Field(
            "access_token",
            FieldType.SECRET,
            "Access token",
            constant(""),
            description="Of a system user, that does not expire.",
        ),
        Field(
            "app_secret",
            FieldType.SECRET,
            "Secret of the app",
            constant(""),
            description="What Meta signs its reports with.",
        ),
        Field(
            "verify_token",
            FieldType.SECRET,
            "Word that confirms the webhook",
            constant(""),
            description="Chosen by us, and given to Meta with the address.",
        ),
    ),
    validate=_problems,
    test=_try,
    needs_approval=True,
)
