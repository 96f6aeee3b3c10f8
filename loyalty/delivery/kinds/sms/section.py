"""The section ``sms`` of the configuration: who carries text messages, and whether we are let in."""

from collections.abc import Mapping, Sequence
from typing import Any

from loyalty.delivery.errors import DeliveryError
from loyalty.delivery.kinds.sections import constant, endpoint_problems, region_problems, report_of, unconfigured
from loyalty.delivery.kinds.sms import message_ids
from loyalty.delivery.kinds.sms.providers import registry
from loyalty.foundation.configuration import api as configuration
from loyalty.foundation.configuration.api import Field, FieldType, TestReport
from loyalty.foundation.kernel.errors import FieldProblem
from loyalty.foundation.resilience import egress

TRIED = "Signed in at the provider of text messages; nothing was sent"


def _problems(values: Mapping[str, Any]) -> Sequence[FieldProblem]:
    problems = [*endpoint_problems({"base_url": values["api_url"]}, "sms", "api_url"), *region_problems(values)]
    if values["provider"] == "smpp":
        try:
            egress.check_place(values["host"], values["port"], "sms")
        except egress.PortRefused as refusal:
            problems.append(FieldProblem("port", refusal.code, refusal.detail))
        except egress.EgressRefusal as refusal:
            problems.append(FieldProblem("host", refusal.code, refusal.detail))
    return problems


def _try(values: Mapping[str, Any]) -> TestReport:
    if not values["provider"]:
        return unconfigured("provider")
    missing = registry.missing_of(values)
    if missing:
        return unconfigured(", ".join(missing))
    try:
        registry.get(values["provider"]).probe(values)
    except DeliveryError as fault:
        return report_of(fault, TRIED, "The provider is there and refuses our login.")
    return TestReport(is_successful=True, outcome="ok", tried=TRIED)


SMS = configuration.SectionSpec(
    code=registry.SMS,
    title="Text messages",
    title_in={"ar": "الرسائل النصية"},
    description="Who carries text messages: the operator's message centre (SMPP), or a provider's API.",
    fields=(
        Field(
            "provider",
            FieldType.CHOICE,
            "Provider",
            configuration.setting("LOYALTY_SMS_PROVIDER"),
            "LOYALTY_SMS_PROVIDER",
            "smpp, twilio, sns; empty: nobody carries texts, and the channel is refused.",
            is_endpoint=True,
            choices=("", *registry.WAYS),
        ),
        Field(
            "sender",
            FieldType.TEXT,
            "Sender",
            configuration.setting("LOYALTY_SMS_FROM"),
            "LOYALTY_SMS_FROM",
            "Up to 11 letters, a number, or a messaging service of Twilio.",
            high=40,
        ),
        Field(
            "host",
            FieldType.TEXT,
            "Message centre",
            configuration.setting("LOYALTY_SMPP_HOST"),
            "LOYALTY_SMPP_HOST",
            "SMPP alone.",
            is_endpoint=True,
        ),
        Field(
            "port",
            FieldType.WHOLE,
            "Port",
            configuration.setting("LOYALTY_SMPP_PORT"),
            "LOYALTY_SMPP_PORT",
            is_endpoint=True,
            low=1,
            high=65_535,
        ),
        Field(
            "system_id",
            FieldType.TEXT,
            "System id",
            configuration.setting("LOYALTY_SMPP_SYSTEM_ID"),
            "LOYALTY_SMPP_SYSTEM_ID",
            is_endpoint=True,
        ),
        Field(
            "system_type",
            FieldType.TEXT,
            "System type",
            configuration.setting("LOYALTY_SMPP_SYSTEM_TYPE"),
            "LOYALTY_SMPP_SYSTEM_TYPE",
            is_endpoint=True,
        ),
        Field(
            "use_tls",
            FieldType.FLAG,
            "TLS",
            configuration.setting("LOYALTY_SMPP_USE_TLS"),
            "LOYALTY_SMPP_USE_TLS",
            is_endpoint=True,
        ),
        Field(
            "password",
            FieldType.SECRET,
            "Password",
            configuration.setting("LOYALTY_SMPP_PASSWORD"),
            "LOYALTY_SMPP_PASSWORD",
            "SMPP alone.",
        ),
        Field(
            "timeout_s",
            FieldType.WHOLE,
            "How long to wait for the centre",
            configuration.setting("LOYALTY_SMPP_TIMEOUT"),
            "LOYALTY_SMPP_TIMEOUT",
            low=1,
            high=120,
            unit="s",
        ),
        Field(
            "window",
            FieldType.WHOLE,
            "Segments under way",
            configuration.setting("LOYALTY_SMPP_WINDOW"),
            "LOYALTY_SMPP_WINDOW",
            "Without an answer, as the operator allows.",
            low=1,
            high=1_000,
        ),
        Field(
            "segments_per_second",
            FieldType.WHOLE,
            "Segments a second",
            configuration.setting("LOYALTY_SMPP_SEGMENTS_PER_SECOND"),
            "LOYALTY_SMPP_SEGMENTS_PER_SECOND",
            "On one line; 0 is as many as go.",
            low=0,
            high=100_000,
        ),
        Field(
            "lines",
            FieldType.CHOICE,
            "Lines",
            constant(registry.APART),
            description="apart: we send as transmitter and are told of messages as receiver. "
            "transceiver: every line does both, where the operator allows no other.",
            is_endpoint=True,
            choices=registry.LINES,
        ),
        Field(
            "message_ids",
            FieldType.CHOICE,
            "Ids in receipts",
            configuration.setting("LOYALTY_SMPP_MESSAGE_IDS"),
            "LOYALTY_SMPP_MESSAGE_IDS",
            "How the centre writes the ids of segments: in a receipt as in its answer, or first in one base and then "
            "in the other.",
            choices=message_ids.CHOICES,
        ),
        Field(
            "api_url",
            FieldType.TEXT,
            "Address of the API",
            constant(""),
            description="Twilio and SNS alone; empty: the provider's own.",
            is_endpoint=True,
        ),
        Field(
            "account",
            FieldType.TEXT,
            "Account",
            constant(""),
            description="The account SID of Twilio, or the access key id of Amazon.",
            is_endpoint=True,
        ),
        Field("region", FieldType.TEXT, "Region", constant(""), description="Amazon's: eu-west-1.", is_endpoint=True),
        Field(
            "api_key",
            FieldType.SECRET,
            "Key",
            constant(""),
            description="The auth token of Twilio, or the secret access key of Amazon.",
        ),
    ),
    validate=_problems,
    test=_try,
    needs_approval=True,
)
