"""The section ``email`` of the configuration: the mail server, the sender, and whether the server lets us in."""

import smtplib
from collections.abc import Mapping, Sequence
from typing import Any

from loyalty.delivery.errors import DeliveryError
from loyalty.delivery.kinds.email.providers import registry
from loyalty.delivery.kinds.email.smtp import backend_of
from loyalty.delivery.kinds.sections import constant, endpoint_problems, region_problems, report_of, unconfigured
from loyalty.foundation.configuration import api as configuration
from loyalty.foundation.configuration.api import Field, FieldType, TestReport
from loyalty.foundation.kernel.errors import FieldProblem
from loyalty.foundation.resilience import egress

TRIED = "Connected to the mail server, began TLS as configured, and signed in"
SECURITY = ("none", "starttls", "tls")
OK = 250


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
    problems += endpoint_problems({"base_url": values["api_url"]}, "email", "api_url")
    return [*problems, *region_problems(values)]


def _try(values: Mapping[str, Any]) -> TestReport:
    missing = registry.missing_of(values)
    if missing:
        return unconfigured(", ".join(missing))
    if values["provider"] != registry.SMTP:
        return _try_service(values)
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


def _try_service(values: Mapping[str, Any]) -> TestReport:
    """Ask the service who we are; no mail is sent."""
    tried = f"Asked {registry.WAYS[values['provider']].title} with our key"
    try:
        registry.get(values["provider"]).probe(values)
    except DeliveryError as fault:
        return report_of(fault, tried, "The service is there and refuses our key.")
    return TestReport(is_successful=True, outcome="ok", tried=tried)


EMAIL = configuration.SectionSpec(
    code="email",
    title="Mail server",
    title_in={"ar": "خادم البريد"},
    description="The server that takes mails, and who they come from.",
    fields=(
        Field(
            "provider",
            FieldType.CHOICE,
            "Way",
            constant(registry.SMTP),
            description="A mail server, or the service that takes mails by its API.",
            is_endpoint=True,
            choices=tuple(registry.WAYS),
        ),
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
        Field(
            "api_url",
            FieldType.TEXT,
            "Address of the service's API",
            constant(""),
            description="Empty: the service's own; https://api.eu.mailgun.net/v3 for Mailgun in Europe.",
            is_endpoint=True,
        ),
        Field(
            "domain", FieldType.TEXT, "Domain at the service", constant(""), description="Mailgun's.", is_endpoint=True
        ),
        Field("region", FieldType.TEXT, "Region", constant(""), description="Amazon's: eu-west-1.", is_endpoint=True),
        Field(
            "access_key_id", FieldType.TEXT, "Access key id", constant(""), description="Amazon's.", is_endpoint=True
        ),
        Field(
            "api_key",
            FieldType.SECRET,
            "Key of the service",
            constant(""),
            description="API key, server token, or Amazon's secret access key.",
        ),
        Field(
            "topic_arn",
            FieldType.TEXT,
            "Topic of the service's reports",
            constant(""),
            description="Amazon's SNS topic; reports of other topics are refused.",
        ),
        Field(
            "webhook_key",
            FieldType.SECRET,
            "Key of the service's reports",
            constant(""),
            description="SendGrid's public key, Mailgun's signing key, or user:password for Postmark.",
        ),
    ),
    validate=_problems,
    test=_try,
    needs_approval=True,
)
