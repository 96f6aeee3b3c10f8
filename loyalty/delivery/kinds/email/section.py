"""The section ``email`` of the configuration: the mail server, the sender, and whether the server lets us in."""

import smtplib
from collections.abc import Mapping, Sequence
from typing import Any

from loyalty.delivery.kinds.email.smtp import Backend
from loyalty.foundation.configuration import api as configuration
from loyalty.foundation.configuration.api import Field, FieldType, TestReport
from loyalty.foundation.kernel.errors import FieldProblem
from loyalty.foundation.resilience import egress

TRIED = "Connected to the mail server, began TLS as configured, and signed in"
SECURITY = ("none", "starttls", "tls")
OK = 250


def backend_of(values: Mapping[str, Any]) -> Backend:
    """Give a connection to the mail server, not opened yet."""
    return Backend(
        host=values["host"],
        port=values["port"],
        username=values["username"],
        password=values["password"],
        use_tls=values["security"] == "starttls",
        use_ssl=values["security"] == "tls",
        timeout=values["timeout_s"],
    )


def _problems(values: Mapping[str, Any]) -> Sequence[FieldProblem]:
    problems = []
    try:
        egress.check_place(values["host"], values["port"], "email")
    except egress.PortRefused as refusal:
        problems.append(FieldProblem("port", refusal.code, refusal.detail))
    except egress.EgressRefusal as refusal:
        problems.append(FieldProblem("host", refusal.code, refusal.detail))
    address = values["from_email"].rpartition("<")[2].rstrip("> ")
    if address.count("@") != 1 or address.startswith("@") or address.endswith("@"):
        problems.append(FieldProblem("from_email", "invalid", "Write name@domain, or Name <name@domain>."))
    return problems


def _try(values: Mapping[str, Any]) -> TestReport:
    backend = backend_of(values)
    try:
        backend.open()
        code, _ = backend.connection.noop()
    except smtplib.SMTPAuthenticationError:
        advice = "The mail server is there and refuses user and password."
        return TestReport(is_successful=False, outcome="credentials_refused", tried=TRIED, advice=advice)
    except (OSError, smtplib.SMTPException, egress.EgressRefusal):
        return configuration.no_answer(TRIED)
    finally:
        backend.fail_silently = True
        backend.close()
    if code != OK:
        return configuration.no_answer(TRIED)
    return TestReport(is_successful=True, outcome="ok", tried=TRIED)


EMAIL = configuration.SectionSpec(
    code="email",
    title="Mail server",
    description="The server that takes mails, and who they come from.",
    fields=(
        Field(
            "host", FieldType.TEXT, "Host", configuration.setting("EMAIL_HOST"), "EMAIL_HOST", is_endpoint=True, low=1
        ),
        Field(
            "port",
            FieldType.WHOLE,
            "Port",
            configuration.setting("EMAIL_PORT"),
            "EMAIL_PORT",
            is_endpoint=True,
            low=1,
            high=65_535,
        ),
        Field(
            "username",
            FieldType.TEXT,
            "User",
            configuration.setting("EMAIL_HOST_USER"),
            "EMAIL_HOST_USER",
            is_endpoint=True,
        ),
        Field(
            "security",
            FieldType.CHOICE,
            "TLS",
            lambda: "starttls" if configuration.setting("EMAIL_USE_TLS")() else "none",
            "EMAIL_USE_TLS",
            "none, STARTTLS (usually port 587), or TLS from the first byte (465).",
            is_endpoint=True,
            choices=SECURITY,
        ),
        Field(
            "password",
            FieldType.SECRET,
            "Password",
            configuration.setting("EMAIL_HOST_PASSWORD"),
            "EMAIL_HOST_PASSWORD",
        ),
        Field(
            "timeout_s",
            FieldType.WHOLE,
            "How long to wait for the server",
            configuration.setting("EMAIL_TIMEOUT"),
            "EMAIL_TIMEOUT",
            low=1,
            high=120,
            unit="s",
        ),
        Field(
            "from_email",
            FieldType.TEXT,
            "Sender",
            configuration.setting("DEFAULT_FROM_EMAIL"),
            "LOYALTY_FROM_EMAIL",
            low=3,
            high=320,
        ),
        Field(
            "is_final",
            FieldType.FLAG,
            "The server is the customers' own",
            configuration.setting("LOYALTY_EMAIL_RELAY_IS_FINAL"),
            "LOYALTY_EMAIL_RELAY_IS_FINAL",
            "A mail that it takes counts as delivered; else as sent.",
        ),
    ),
    validate=_problems,
    test=_try,
    needs_approval=True,
)
