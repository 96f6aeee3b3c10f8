"""The sections ``push-fcm`` and ``push-apns`` of the configuration."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from loyalty.delivery.errors import DeliveryError
from loyalty.delivery.kinds.push.apns import Apns
from loyalty.delivery.kinds.push.fcm import AccountUnreadable, Fcm, read_account
from loyalty.delivery.kinds.push.keys import KeyUnreadable, ec_key
from loyalty.delivery.kinds.sections import constant, endpoint_problems, report_of, unconfigured
from loyalty.foundation.configuration import api as configuration
from loyalty.foundation.configuration.api import Field, FieldType, TestReport
from loyalty.foundation.kernel.errors import FieldProblem

FCM_TRIED = "Signed in at Google as the service account"
APNS_TRIED = "Asked Apple with our key and a device token that nobody has"
PROJECT = re.compile(r"[a-z][a-z0-9-]{4,40}", re.ASCII)
APPLE_ID = re.compile(r"[A-Z0-9]{10}", re.ASCII)
TOPIC = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{1,154}", re.ASCII)
# What Apple says of a token that nobody has when it knows our key and our topic.
TOKEN_NOT_KNOWN = ("BadDeviceToken", "DeviceTokenNotForTopic", "Unregistered")


def is_fcm_set(values: Mapping[str, Any]) -> bool:
    """Tell whether messages can go by Google."""
    return bool(values["project_id"] and values["service_account"])


def is_apns_set(values: Mapping[str, Any]) -> bool:
    """Tell whether messages can go by Apple."""
    return bool(values["team_id"] and values["key_id"] and values["topic"] and values["key"])


def _fcm_problems(values: Mapping[str, Any]) -> Sequence[FieldProblem]:
    problems = endpoint_problems(values, "push")
    if values["project_id"] and not PROJECT.fullmatch(values["project_id"]):
        problems.append(FieldProblem("project_id", "invalid", "The id of a Firebase project, such as my-shop-1234."))
    if values["service_account"]:
        try:
            account = read_account(values["service_account"])
        except AccountUnreadable as fault:
            return [*problems, FieldProblem("service_account", "invalid", str(fault))]
        problems += endpoint_problems({"base_url": account["token_url"]}, "push", "service_account")
    return problems


def _try_fcm(values: Mapping[str, Any]) -> TestReport:
    if not is_fcm_set(values):
        return unconfigured("project and service account")
    try:
        Fcm(values).sign_in()
    except DeliveryError as fault:
        return report_of(fault, FCM_TRIED, "Google is there and refuses the service account.")
    return TestReport(is_successful=True, outcome="ok", tried=FCM_TRIED)


def _apns_problems(values: Mapping[str, Any]) -> Sequence[FieldProblem]:
    problems = endpoint_problems(values, "push")
    for name in ("team_id", "key_id"):
        if values[name] and not APPLE_ID.fullmatch(values[name]):
            problems.append(FieldProblem(name, "invalid", "Ten capital letters and digits."))
    if values["topic"] and not TOPIC.fullmatch(values["topic"]):
        problems.append(FieldProblem("topic", "invalid", "The bundle id of the app, such as com.example.shop."))
    if values["key"]:
        try:
            ec_key(values["key"])
        except KeyUnreadable as fault:
            problems.append(FieldProblem("key", "invalid", str(fault)))
    return problems


def _try_apns(values: Mapping[str, Any]) -> TestReport:
    if not is_apns_set(values):
        return unconfigured("team, key and topic")
    try:
        reason = Apns(values).probe()
    except DeliveryError as fault:
        return report_of(fault, APNS_TRIED, "Apple is there and refuses our key.")
    if reason in TOKEN_NOT_KNOWN:
        return TestReport(is_successful=True, outcome="ok", tried=APNS_TRIED)
    if not reason:
        return configuration.no_answer(APNS_TRIED)
    advice = "Apple is there and refuses team, key or topic."
    return TestReport(is_successful=False, outcome="credentials_refused", tried=APNS_TRIED, advice=advice)


FCM = configuration.SectionSpec(
    code="push-fcm",
    title="Push by Google (FCM)",
    title_in={"ar": "إشعارات غوغل (FCM)"},
    description="The Firebase project whose apps push messages reach.",
    fields=(
        Field(
            "base_url",
            FieldType.TEXT,
            "Address of the API",
            constant("https://fcm.googleapis.com"),
            is_endpoint=True,
            low=8,
        ),
        Field("project_id", FieldType.TEXT, "Project", constant(""), is_endpoint=True),
        Field(
            "service_account",
            FieldType.SECRET,
            "Service account",
            constant(""),
            description="The JSON file of the account that Google's console makes; empty: nothing goes by Google.",
            high=10_000,
            has_lines=True,
        ),
    ),
    validate=_fcm_problems,
    test=_try_fcm,
    needs_approval=True,
)

APNS = configuration.SectionSpec(
    code="push-apns",
    title="Push by Apple (APNs)",
    title_in={"ar": "إشعارات آبل (APNs)"},
    description="The app on Apple's devices that push messages reach.",
    fields=(
        Field(
            "base_url",
            FieldType.TEXT,
            "Address of the API",
            constant("https://api.push.apple.com"),
            description="https://api.sandbox.push.apple.com for apps in development.",
            is_endpoint=True,
            low=8,
        ),
        Field("team_id", FieldType.TEXT, "Team", constant(""), is_endpoint=True),
        Field("key_id", FieldType.TEXT, "Key id", constant(""), is_endpoint=True),
        Field("topic", FieldType.TEXT, "Bundle id of the app", constant("")),
        Field(
            "key",
            FieldType.SECRET,
            "Key",
            constant(""),
            description="The .p8 file in PEM; empty: nothing goes by Apple.",
            has_lines=True,
        ),
    ),
    validate=_apns_problems,
    test=_try_apns,
    needs_approval=True,
)
