"""What the sections of the channels share: constants, checks of addresses, and reports of tests."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from loyalty.delivery.errors import DeliveryError
from loyalty.foundation.configuration import api as configuration
from loyalty.foundation.configuration.api import TestReport
from loyalty.foundation.kernel.errors import FieldProblem
from loyalty.foundation.resilience import egress

REGION = re.compile(r"[a-z]{2,3}(-[a-z]+)+-\d", re.ASCII)


def constant(value: Any) -> Callable[[], Any]:
    """Give a default that is always the same."""
    return lambda: value


def endpoint_problems(values: Mapping[str, Any], purpose: str, field: str = "base_url") -> list[FieldProblem]:
    """Tell why calls may not go to the address of a section; an empty one leads nowhere and is fine."""
    if not values["base_url"]:
        return []
    try:
        egress.check_url(values["base_url"], purpose)
    except egress.EgressRefusal as refusal:
        return [FieldProblem(field, refusal.code, refusal.detail)]
    return []


def region_problems(values: Mapping[str, Any]) -> list[FieldProblem]:
    """Tell why a region is none of Amazon's: it becomes a part of the address."""
    if not values["region"] or REGION.fullmatch(values["region"]):
        return []
    return [FieldProblem("region", "invalid", "A region of Amazon's, such as eu-west-1.")]


def unconfigured(what: str) -> TestReport:
    """Report that there is nothing to be tried yet."""
    advice = f"Fill in {what} first."
    return TestReport(is_successful=False, outcome="not_configured", tried="Nothing", advice=advice)


def report_of(fault: DeliveryError, tried: str, advice: str) -> TestReport:
    """Report why a test failed: only who speaks the service's own protocol gets an outcome of its own."""
    if fault.code.endswith(".credentials_refused"):
        return TestReport(is_successful=False, outcome="credentials_refused", tried=tried, advice=advice)
    return configuration.no_answer(tried)
