"""Push messages over real HTTP/2 inside of TLS: to every device once, dead tokens disabled, failures told apart."""

import base64
import json
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from pytest_django.fixtures import Settings

from loyalty.customers import api as customers
from loyalty.customers.models import Device
from loyalty.delivery import api
from loyalty.delivery.kinds import http
from loyalty.delivery.kinds import registry as channels
from loyalty.delivery.kinds.push.channel import PushChannel
from loyalty.delivery.models import Send, Suppression
from loyalty.foundation.configuration import api as configuration
from loyalty.foundation.kernel.actor import system_actor
from tests.delivery.peers import DROP, GARBAGE, SILENT, Answer, Asked, Peer, http2_peer, make_authority, told
from tests.delivery.post import EVERYONE, SOURCE, make_customers, states

pytestmark = pytest.mark.django_db

ACTOR = system_actor("tests")
APPLE_TOKEN, GOOGLE_TOKEN = "a1" * 32, "fcm-token-of-a-telephone"
CONTENT = {"title": "Hello {{ first_name }}", "body": "Double points today.", "url": "https://shop.test/offers"}
TEXT = serialization.NoEncryption()
PEM, PKCS8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
RSA_KEY = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())


def google(asked: Asked) -> Answer:
    """Answer as Google does."""
    if asked.path == "/token":
        return told(200, {"access_token": "access-1", "expires_in": 3_599, "token_type": "Bearer"})
    return told(200, {"name": f"projects/shop/messages/{uuid.uuid4()}"})


def apple(asked: Asked) -> Answer:
    """Answer as Apple does."""
    return Answer(200, b"", {"apns-id": asked.headers["apns-id"]})


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """An authority, and a certificate of it."""
    return make_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def push(files: tuple[Path, Path, Path], settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A channel that keeps no connections of another test, and egress that trusts the authority."""
    settings.LOYALTY_EGRESS_CA_FILE = str(files[0])
    settings.PUBLIC_URL = "https://loyalty.test"
    monkeypatch.setattr(http, "TOTAL_SECONDS", 1.0)
    kept = channels._Registry.channels["push"]
    channels.register(PushChannel())
    yield
    channels.register(kept)


@pytest.fixture
def fcm(push: None, files: tuple[Path, Path, Path], now: datetime) -> Iterator[Peer]:
    """Google's service."""
    with http2_peer(google, files) as peer:
        account = {
            "client_email": "sender@shop.iam.gserviceaccount.com",
            "private_key": RSA_KEY.private_bytes(PEM, PKCS8, TEXT).decode(),
            "private_key_id": "key-1",
            "token_uri": f"{peer.url}/token",
        }
        values = {"base_url": peer.url, "project_id": "shop-1", "service_account": json.dumps(account)}
        configuration.save(code="push-fcm", values=values, actor=ACTOR, now=now)
        yield peer


@pytest.fixture
def apns(push: None, files: tuple[Path, Path, Path], now: datetime) -> Iterator[Peer]:
    """Apple's service."""
    with http2_peer(apple, files) as peer:
        # As a field of one line hands it over.
        key = EC_KEY.private_bytes(PEM, PKCS8, TEXT).decode().replace("\n", " ")
        values = {
            "base_url": peer.url,
            "team_id": "TEAM123456",
            "key_id": "KEY1234567",
            "topic": "test.shop",
            "key": key,
        }
        configuration.save(code="push-apns", values=values, actor=ACTOR, now=now)
        yield peer


def register(customer: uuid.UUID, token: str, now: datetime, *, device: str = "phone") -> None:
    """Register a device."""
    platform = "apns" if token.startswith("a1") else "fcm"
    customers.register_device(
        customer_id=customer, device_ref=device, platform=platform, token=token, actor=ACTOR, now=now
    )


def queue(now: datetime, *, purpose: str = "service", occurrence: str = "p-1", **changes: str) -> None:
    """Queue a push message for everyone."""
    request = api.MessageRequest(
        occurrence_key=occurrence,
        channel="push",
        purpose=purpose,
        content={**CONTENT, **changes},
        variables=(),
        source_kind="tests",
        source_ref=SOURCE,
    )
    message = api.open_message(request=request, now=now)
    api.enqueue_chunk(message_id=message.id, audience=EVERYONE, now=now)


def send(now: datetime) -> api.BatchReport:
    """Send one batch."""
    return api.send_due(channel="push", now=now)


def claims_of(asked: Asked, key: Any) -> dict[str, Any]:
    """Give what the bearer's token of a request claims, its signature checked."""
    bearer = asked.headers["authorization"].partition(" ")[2]
    return jwt.decode(bearer, key, algorithms=["ES256", "RS256"]).claims


def test_push__fcm__signs_in_once_and_reaches_every_device_over_one_connection(fcm: Peer, now: datetime) -> None:
    ids = make_customers([f"N{number}" for number in range(15)], now)
    for number, customer in enumerate(ids):
        register(customer, f"{GOOGLE_TOKEN}-{number}", now)
    register(ids[0], f"{GOOGLE_TOKEN}-tablet", now, device="tablet")
    queue(now)
    assert (send(now).sent, states()) == (15, {"SENT": 15})
    messages = [asked.json()["message"] for asked in fcm.of("/v1/projects/shop-1/messages:send")]
    tokens = [one["token"] for one in messages]
    assert (len(tokens), len(set(tokens))) == (16, 16)
    assert {one["notification"]["body"] for one in messages} == {"Double points today."}
    assert {one["notification"]["title"] for one in messages} == {f"Hello N{number}" for number in range(15)}
    assert all(one["data"]["url"].startswith("https://loyalty.test/t/c/") for one in messages)
    assert {asked.headers["authorization"] for asked in fcm.of("/v1/")} == {"Bearer access-1"}
    (signing_in,) = fcm.of("/token")
    assert fcm.connections == 1
    assertion = dict(pair.split("=") for pair in signing_in.body.decode().split("&"))["assertion"]
    claims = jwt.decode(assertion, RSAKey.import_key(RSA_KEY.public_key().public_bytes(
        PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ))).claims  # fmt: skip
    assert (claims["iss"], claims["aud"]) == ("sender@shop.iam.gserviceaccount.com", f"{fcm.url}/token")


def test_push__apns__signed_by_our_key_and_named_by_the_send(apns: Peer, now: datetime) -> None:
    (customer,) = make_customers(["Ada"], now)
    register(customer, APPLE_TOKEN, now)
    queue(now)
    assert send(now).sent == 1
    (asked,) = apns.asked
    row = Send.objects.get()
    assert asked.path == f"/3/device/{APPLE_TOKEN}"
    assert (asked.headers["apns-id"], asked.headers["apns-collapse-id"]) == (str(row.public_id),) * 2
    assert (asked.headers["apns-topic"], asked.headers["apns-push-type"]) == ("test.shop", "alert")
    assert asked.json()["aps"]["alert"] == {"title": "Hello Ada", "body": "Double points today."}
    public = EC_KEY.public_key().public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert claims_of(asked, ECKey.import_key(public))["iss"] == "TEAM123456"
    header = json.loads(base64.urlsafe_b64decode(asked.headers["authorization"].split()[1].split(".")[0] + "=="))
    assert header == {"alg": "ES256", "kid": "KEY1234567"}


UNREGISTERED = told(404, {"error": {"status": "NOT_FOUND", "details": [{"errorCode": "UNREGISTERED"}]}})
NO_TOKEN = told(
    400,
    {
        "error": {
            "status": "INVALID_ARGUMENT",
            "details": [{"errorCode": "INVALID_ARGUMENT"}, {"fieldViolations": [{"field": "message.token"}]}],
        }
    },
)
OTHER_PROJECT = told(403, {"error": {"details": [{"errorCode": "SENDER_ID_MISMATCH"}]}})


@pytest.mark.parametrize("answer", [UNREGISTERED, NO_TOKEN, OTHER_PROJECT])
def test_token__fcm_knows_it_no_more__device_is_disabled_and_a_new_one_works(
    fcm: Peer, now: datetime, answer: Answer
) -> None:
    (customer,) = make_customers(["Ada"], now)
    register(customer, GOOGLE_TOKEN, now)
    send_to_nobody = told(200, {"access_token": "access-1", "expires_in": 3_599})
    fcm.then(send_to_nobody, answer)
    queue(now)
    send(now)
    row, device = Send.objects.get(), Device.objects.get()
    assert (row.state, row.reason, device.disabled_at) == ("BOUNCED", "push.token_dead", device.disabled_at)
    assert device.disabled_at is not None
    assert not Suppression.objects.exists()
    queue(now, occurrence="p-2")
    assert Send.objects.get(message__occurrence_key="p-2").reason == "no_address"
    register(customer, f"{GOOGLE_TOKEN}-new", now)
    queue(now, occurrence="p-3")
    assert send(now).sent == 1


@pytest.mark.parametrize(
    ("status", "reason"), [(410, "Unregistered"), (400, "BadDeviceToken"), (400, "DeviceTokenNotForTopic")]
)
def test_token__apple_knows_it_no_more__device_is_disabled(apns: Peer, now: datetime, status: int, reason: str) -> None:
    (customer,) = make_customers(["Ada"], now)
    register(customer, APPLE_TOKEN, now)
    apns.then(told(status, {"reason": reason}))
    queue(now)
    assert send(now).failed == 1
    assert Device.objects.get().disabled_reason == reason


def test_customer__of_two_devices_one_dead__is_sent_once(fcm: Peer, apns: Peer, now: datetime) -> None:
    (customer,) = make_customers(["Ada"], now)
    register(customer, GOOGLE_TOKEN, now)
    register(customer, APPLE_TOKEN, now, device="other")
    apns.then(told(410, {"reason": "Unregistered"}))
    queue(now)
    assert (send(now).sent, len(fcm.of("/v1/"))) == (1, 1)
    assert set(Device.objects.filter(disabled_at=None).values_list("platform", flat=True)) == {"fcm"}


@pytest.mark.parametrize(
    ("answer", "state", "reason"),
    [
        (told(429, {"error": {"details": [{"errorCode": "QUOTA_EXCEEDED"}]}}), "QUEUED", ""),
        (told(503, {"error": {"details": [{"errorCode": "UNAVAILABLE"}]}}), "QUEUED", ""),
        (told(400, {"error": {"status": "INVALID_ARGUMENT"}}), "FAILED", "push.refused"),
        (told(500, {"error": {"status": "INTERNAL"}}), "UNKNOWN", "push.outcome_unknown"),
        (DROP, "UNKNOWN", "push.outcome_unknown"),
        (SILENT, "UNKNOWN", "push.outcome_unknown"),
        (GARBAGE, "UNKNOWN", "push.outcome_unknown"),
        (Answer(200, b"<html>"), "UNKNOWN", "push.outcome_unknown"),
    ],
)
def test_fcm__fails__permanent_passing_and_unknown_are_told_apart(
    fcm: Peer, now: datetime, answer: Answer | str, state: str, reason: str
) -> None:
    (customer,) = make_customers(["Ada"], now)
    register(customer, GOOGLE_TOKEN, now)
    fcm.then(told(200, {"access_token": "access-1", "expires_in": 3_599}), answer)
    queue(now)
    send(now)
    row = Send.objects.get()
    assert (row.state, row.reason) == (state, reason)
    later = send(now + timedelta(minutes=1))
    # What may have gone is never sent again by itself.
    assert later.sent == (1 if state == "QUEUED" else 0)
    assert len(fcm.of("/v1/")) == (2 if state == "QUEUED" else 1)


@pytest.mark.parametrize("answer", [told(403, {"reason": "InvalidProviderToken"}), told(400, {"reason": "BadTopic"})])
def test_apple__refuses_our_key__costs_nobody_an_attempt(apns: Peer, now: datetime, answer: Answer) -> None:
    (customer,) = make_customers(["Ada"], now)
    register(customer, APPLE_TOKEN, now)
    apns.then(answer)
    queue(now)
    assert send(now).is_channel_down
    assert set(Send.objects.values_list("state", "attempts")) == {("QUEUED", 0)}
    assert send(now + timedelta(seconds=15)).sent == 1


def test_apple__our_token_is_spent__is_made_again_at_once(apns: Peer, now: datetime) -> None:
    (customer,) = make_customers(["Ada"], now)
    register(customer, APPLE_TOKEN, now)
    apns.then(told(403, {"reason": "ExpiredProviderToken"}))
    queue(now)
    assert (send(now).sent, len(apns.asked)) == (1, 2)


def test_google__our_token_is_spent__signs_in_again(fcm: Peer, now: datetime) -> None:
    (customer,) = make_customers(["Ada"], now)
    register(customer, GOOGLE_TOKEN, now)
    queue(now)
    fcm.then(told(200, {"access_token": "old", "expires_in": 3_599}), told(401, {"error": {}}))
    assert send(now).sent == 1
    assert [asked.headers["authorization"] for asked in fcm.of("/v1/")] == ["Bearer old", "Bearer access-1"]


def test_one_service__is_down__the_other_goes_on(fcm: Peer, apns: Peer, now: datetime) -> None:
    first, second = make_customers(["Ada", "Bob"], now)
    register(first, GOOGLE_TOKEN, now)
    register(second, APPLE_TOKEN, now)
    fcm.then(told(401, {"error": "invalid_client"}))
    queue(now)
    report = send(now)
    assert (report.sent, report.retried, report.is_channel_down) == (1, 1, False)
    assert send(now + timedelta(minutes=1)).sent == 1


def test_service__nobody_listens__the_queue_waits(fcm: Peer, now: datetime) -> None:
    (customer,) = make_customers(["Ada"], now)
    register(customer, GOOGLE_TOKEN, now)
    queue(now)
    fcm.then(told(200, {"access_token": "access-1", "expires_in": 3_599}), told(503, {}))
    configuration.save(code="push-fcm", values={"base_url": "https://localhost:1"}, actor=ACTOR, now=now)
    # A secret is not carried to another address, so nothing is set up there.
    with pytest.raises(api.ChannelNotAvailable):
        send(now)
    assert states() == {"QUEUED": 1}


def test_marketing__without_consent_to_push__is_not_sent(fcm: Peer, now: datetime) -> None:
    (customer,) = make_customers(["Ada"], now)
    register(customer, GOOGLE_TOKEN, now)
    queue(now, purpose="marketing")
    assert Send.objects.get().reason == "no_consent"
    customers.grant_consent(
        customer_id=customer, channel="push", purpose="marketing", source="app", actor=ACTOR, now=now
    )
    queue(now, purpose="marketing", occurrence="p-2")
    assert send(now).sent == 1


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data://x", "//evil.test", "shop"])
def test_content__bad_address__is_refused(fcm: Peer, url: str) -> None:
    with pytest.raises(api.ContentInvalid):
        api.check_content(channel="push", content={**CONTENT, "url": url}, variables=())


def test_channel__nothing_set_up__is_refused(push: None) -> None:
    with pytest.raises(api.ChannelNotAvailable):
        api.check_content(channel="push", content=CONTENT, variables=())
    assert "push" not in api.list_channels()


def test_connection__tried_from_the_configuration__tells_what_is_wrong(fcm: Peer, apns: Peer) -> None:
    assert configuration.test("push-fcm").report.outcome == "ok"
    fcm.then(told(400, {"error": "invalid_grant"}))
    assert configuration.test("push-fcm").report.outcome == "credentials_refused"
    apns.then(told(400, {"reason": "BadDeviceToken"}))
    assert configuration.test("push-apns").report.outcome == "ok"
    apns.then(told(403, {"reason": "InvalidProviderToken"}))
    assert configuration.test("push-apns").report.outcome == "credentials_refused"
