"""The section ``xiva`` of the configuration: where the BSS is, as whom to sign in, and whether that works."""

from collections.abc import Mapping, Sequence
from typing import Any

from loyalty.customers.errors import BssCredentialsRefused, BssNotConfigured
from loyalty.customers.kinds.xiva.client import BRISK, XivaClient
from loyalty.foundation.configuration import api as configuration
from loyalty.foundation.configuration.api import Field, FieldType, TestReport
from loyalty.foundation.kernel.errors import FieldProblem, Unavailable
from loyalty.foundation.resilience import egress

TRIED = "Signed in at Xiva and asked for one customer"


def _problems(values: Mapping[str, Any]) -> Sequence[FieldProblem]:
    if not values["base_url"]:
        return []
    try:
        egress.check_url(values["base_url"], "xiva")
    except egress.EgressRefusal as refusal:
        return [FieldProblem("base_url", refusal.code, refusal.detail)]
    return []


def _try(values: Mapping[str, Any]) -> TestReport:
    try:
        # A breaker of its own: what somebody tries must not close the way for everyone else.
        client = XivaClient(values["base_url"], values["username"], values["password"], breaker="xiva:trial")
    except BssNotConfigured as refusal:
        return TestReport(is_successful=False, outcome="not_configured", tried="Nothing", advice=refusal.detail)
    try:
        latency_ms = client.measure(BRISK)
    except BssCredentialsRefused:
        advice = "Xiva is there and refuses user and password."
        return TestReport(is_successful=False, outcome="credentials_refused", tried=TRIED, advice=advice)
    except Unavailable:
        return configuration.no_answer(TRIED)
    finally:
        client.close()
    return TestReport(is_successful=True, outcome="ok", tried=TRIED, facts={"latency_ms": round(latency_ms, 2)})


XIVA = configuration.SectionSpec(
    code="xiva",
    title="Xiva BSS",
    title_in={"ar": "نظام الأعمال Xiva"},
    description="The BSS that knows the customers.",
    fields=(
        Field(
            "base_url",
            FieldType.TEXT,
            "Address of the API",
            configuration.setting("XIVA_API_BASE_URL"),
            "XIVA_API_BASE_URL",
            "https://bss.example:8443; empty: there is no BSS.",
            is_endpoint=True,
        ),
        Field(
            "username",
            FieldType.TEXT,
            "User",
            configuration.setting("XIVA_API_USERNAME"),
            "XIVA_API_USERNAME",
            is_endpoint=True,
        ),
        Field(
            "password",
            FieldType.SECRET,
            "Password",
            configuration.setting("XIVA_API_PASSWORD"),
            "XIVA_API_PASSWORD",
        ),
    ),
    validate=_problems,
    test=_try,
    needs_approval=True,
)
