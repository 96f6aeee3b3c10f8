"""A section of the tests: a connection with an endpoint, a secret and something beside them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from loyalty.foundation.configuration import registry
from loyalty.foundation.configuration.contracts import Field, FieldType, SectionSpec, TestReport
from loyalty.foundation.configuration.operations import testing
from loyalty.foundation.kernel.errors import FieldProblem

ENVIRONMENT: dict[str, Any] = {}
DEFAULTS = {
    "host": "env.example",
    "port": 443,
    "username": "env",
    "is_tls": True,
    "password": "env-password",
    "note": "",
}


def _of(name: str) -> Any:
    return lambda: ENVIRONMENT.get(name, DEFAULTS[name])


def validate(values: Mapping[str, Any]) -> Sequence[FieldProblem]:
    """Refuse a password that is the user's name; a check across fields."""
    if values["password"] and values["password"] == values["username"]:
        return [FieldProblem("password", "equal", "The password is the user's name.")]
    return []


class Tried:
    """What the test of the section was called with."""

    values: Mapping[str, Any] = {}
    report = TestReport(is_successful=True, outcome="ok", tried="Signed in")


def try_it(values: Mapping[str, Any]) -> TestReport:
    """Keep the values and give the report that the test chose."""
    Tried.values = values
    return Tried.report


SPEC = SectionSpec(
    code="stand-in",
    title="Stand-in",
    description="A section of the tests.",
    fields=(
        Field("host", FieldType.TEXT, "Host", _of("host"), "STAND_IN_HOST", is_endpoint=True, low=1),
        Field("port", FieldType.WHOLE, "Port", _of("port"), is_endpoint=True, low=1, high=65535),
        Field("username", FieldType.TEXT, "User", _of("username"), is_endpoint=True),
        Field("is_tls", FieldType.FLAG, "TLS", _of("is_tls"), is_endpoint=True),
        Field("password", FieldType.SECRET, "Password", _of("password"), "STAND_IN_PASSWORD"),
        Field("token", FieldType.SECRET, "Token", lambda: ""),
        Field("note", FieldType.TEXT, "Note", _of("note"), high=100),
        Field("mode", FieldType.CHOICE, "Mode", lambda: "a", choices=("a", "b")),
        Field("words", FieldType.LIST, "Words", list),
        Field("table", FieldType.TABLE, "Table", dict),
    ),
    validate=validate,
    test=try_it,
    needs_approval=True,
)


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[SectionSpec]:
    """The section, registered for one test; tests of connections do not wait."""
    ENVIRONMENT.clear()
    Tried.values, Tried.report = {}, TestReport(is_successful=True, outcome="ok", tried="Signed in")
    registry.register_section(SPEC)
    monkeypatch.setattr(testing.pace, "pause", lambda seconds: None)
    yield SPEC
    registry.forget_section(SPEC.code)
