"""What providers report over HTTP: believed when it is signed as set up, kept once, refused in every other case."""

import base64
import hmac
import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID
from django.test import Client
from pytest_django.fixtures import Settings

from loyalty.customers import api as customers
from loyalty.delivery import api
from loyalty.delivery.kinds.email.hooks import ses
from loyalty.delivery.models import InboundMessage, ProviderReceipt, ProviderReference, Send, Suppression
from loyalty.foundation.configuration import api as configuration
from loyalty.foundation.events.models import PublishedEvent
from loyalty.foundation.kernel import clock
from loyalty.foundation.kernel.actor import system_actor
from loyalty.foundation.resilience import egress
from tests.delivery.peers import Answer, Asked, Peer, http_peer, make_authority
from tests.delivery.post import Post, make_customers, queue_all
from tests.delivery.smsc import consent_of, make_subscribers

pytestmark = pytest.mark.django_db
ACTOR = system_actor("tests")
TOPIC = "arn:aws:sns:eu-west-1:123456789012:mails"
SENDGRID_KEY = ec.generate_private_key(ec.SECP256R1())
AMAZON_KEY = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)


def set_up(code: str, now: datetime, **values: Any) -> None:
    """Set a provider up."""
    configuration.save(code=code, values=values, actor=ACTOR, now=now)


def sent_mail(post: Post, now: datetime, reference: str = "ref-1") -> Send:
    """Send one mail, and let the provider know it by a reference."""
    make_customers(["Ada"], now)
    queue_all(now)
    api.send_due(channel="email", now=now)
    row = Send.objects.get()
    ProviderReference.objects.create(channel="email", reference=reference, send=row, created_at=now)
    return row


def post_to(place: str, body: bytes, content_type: str = "application/json", **headers: str) -> int:
    """Post as a provider does; give the status."""
    answer = Client().post(f"/hooks/{place}", body, content_type=content_type, headers=headers)
    return answer.status_code


def sendgrid_headers(body: bytes, key: ec.EllipticCurvePrivateKey = SENDGRID_KEY) -> dict[str, str]:
    """Sign as SendGrid does."""
    at = "1764331200"
    signature = base64.b64encode(key.sign(at.encode() + body, ec.ECDSA(hashes.SHA256()))).decode()
    return {"X-Twilio-Email-Event-Webhook-Signature": signature, "X-Twilio-Email-Event-Webhook-Timestamp": at}


def sendgrid_key() -> str:
    """Give the public key as SendGrid shows it."""
    public = SENDGRID_KEY.public_key()
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


def events(*told: tuple[str, dict[str, Any]]) -> bytes:
    """Give a batch of SendGrid's."""
    return json.dumps(
        [{"event": kind, "email": "c0@mail.test", "timestamp": 1, "anymail_id": "ref-1", **more} for kind, more in told]
    ).encode()


@pytest.mark.parametrize(
    ("kind", "more", "state", "suppressed"),
    [
        ("delivered", {}, "DELIVERED", ""),
        ("bounce", {"reason": "550 no such user"}, "BOUNCED", "bounced"),
        ("bounce", {"type": "blocked", "reason": "554 spam"}, "FAILED", ""),
        ("spamreport", {}, "COMPLAINED", "complained"),
        ("deferred", {}, "SENT", ""),
        ("open", {}, "SENT", ""),
    ],
)
def test_sendgrid__signed_report__brings_the_send_on(
    post: Post, now: datetime, kind: str, more: dict[str, Any], state: str, suppressed: str
) -> None:
    sent_mail(post, now)
    set_up("email", now, provider="sendgrid", webhook_key=sendgrid_key(), api_key="k")
    body = events((kind, more))
    for _ in range(2):
        assert post_to("email/sendgrid", body, **sendgrid_headers(body)) == 200
    api.apply_receipts(now=now)
    assert Send.objects.get().state == state
    assert set(Suppression.objects.values_list("reason", flat=True)) == ({suppressed} if suppressed else set())
    assert ProviderReceipt.objects.count() == (0 if state == "SENT" else 1)


def test_complaint__after_a_click__stands_and_takes_the_consent_away(post: Post, now: datetime) -> None:
    row = sent_mail(post, now)
    Send.objects.update(state="CLICKED", opened_at=now, clicked_at=now)
    receipt = api.ReceivedReceipt("ref-1", api.ReceiptOutcome.COMPLAINED, now)
    api.record_receipts(channel="email", receipts=[receipt], now=now)
    api.apply_receipts(now=now)
    row.refresh_from_db()
    assert (row.state, row.reason, row.clicked_at) == ("COMPLAINED", "email.complained", now)
    fact = PublishedEvent.objects.get(type="message.complained")
    customer = uuid.UUID(fact.data["customer_id"])
    api.obey_complaint(customer_id=customer, channel="email", send=fact.data["send_id"], now=now)
    told = {(one.channel, one.purpose): one.is_granted for one in customers.list_consents(customer)}
    assert told["email", "marketing"] is False


def refused_everywhere(place: str, body: bytes, *calls: dict[str, str]) -> None:
    """Check that none of these calls is believed."""
    for headers in ({}, *calls):
        assert post_to(place, body, **headers) == 403, headers
    assert not ProviderReceipt.objects.exists()


def test_sendgrid__wrong_key_changed_body_or_no_key__is_refused(now: datetime) -> None:
    body = events(("delivered", {}))
    set_up("email", now, provider="sendgrid", api_key="k")
    refused_everywhere("email/sendgrid", body, sendgrid_headers(body))
    set_up("email", now, webhook_key=sendgrid_key())
    other = ec.generate_private_key(ec.SECP256R1())
    broken = {**sendgrid_headers(body), "X-Twilio-Email-Event-Webhook-Signature": "not base64!"}
    refused_everywhere("email/sendgrid", body, sendgrid_headers(body, other), sendgrid_headers(body + b" "), broken)
    for nonsense in (b"", b"{", b"[1]", b'{"a": 1}', b"\xff"):
        assert post_to("email/sendgrid", nonsense, **sendgrid_headers(nonsense)) == 403


def mailgun(event: str, at: int, *, key: str = "mg-key", **more: Any) -> bytes:
    """Give a report of Mailgun's, signed."""
    token = "0" * 50
    signature = hmac.digest(key.encode(), f"{at}{token}".encode(), "sha256").hex()
    data = {
        "event": event,
        "timestamp": 1,
        "recipient": "c0@mail.test",
        "message": {"headers": {"message-id": "ref-1"}},
        **more,
    }
    signed = {"timestamp": str(at), "token": token, "signature": signature}
    return json.dumps({"signature": signed, "event-data": data}).encode()


def test_mailgun__signed_now__counts_and_signed_long_ago_or_by_another_does_not(post: Post, now: datetime) -> None:
    sent_mail(post, now, "<ref-1>")
    set_up("email", now, provider="mailgun", api_key="k", domain="mg.test", webhook_key="mg-key")
    at = int(clock.now().timestamp())
    day = int(timedelta(days=1).total_seconds())
    for body in (mailgun("delivered", at - day), mailgun("delivered", at, key="other-key"), b"{}", b"[]", b"x"):
        assert post_to("email/mailgun", body) == 403
    assert post_to("email/mailgun", mailgun("failed", at, severity="temporary")) == 200
    assert not ProviderReceipt.objects.exists()
    assert post_to("email/mailgun", mailgun("failed", at, severity="permanent", reason="bounce")) == 200
    api.apply_receipts(now=now)
    assert (Send.objects.get().state, Suppression.objects.get().reason) == ("BOUNCED", "bounced")


def test_postmark__with_our_password__counts_and_without_it_does_not(post: Post, now: datetime) -> None:
    sent_mail(post, now)
    set_up("email", now, provider="postmark", api_key="k", webhook_key="hook:password-1")

    def report(kind: str, **more: Any) -> bytes:
        return json.dumps({"RecordType": kind, "MessageID": "ref-1", "Recipient": "c0@mail.test", **more}).encode()

    def login(word: str) -> dict[str, str]:
        return {"Authorization": "Basic " + base64.b64encode(word.encode()).decode()}

    delivery = report("Delivery", DeliveredAt="2026-11-20T12:00:00Z")
    refused_everywhere("email/postmark", delivery, login("hook:password-2"), {"Authorization": "Bearer x"})
    ours = login("hook:password-1")
    assert post_to("email/postmark", report("Bounce", Type="Transient", ID=1), **ours) == 200
    assert not ProviderReceipt.objects.exists()
    assert post_to("email/postmark", delivery, **ours) == 200
    api.apply_receipts(now=now)
    assert Send.objects.get().state == "DELIVERED"


def amazon_certificate() -> bytes:
    """Give the certificate by which Amazon signs."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    today = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(AMAZON_KEY.public_key())
    made = made.serial_number(1).not_valid_before(today - timedelta(days=1)).not_valid_after(today + timedelta(days=2))
    return made.sign(AMAZON_KEY, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


@pytest.fixture
def amazon(tmp_path: Path, settings: Settings) -> Iterator[Peer]:
    """Amazon's notification service, under its own name, which leads to this machine."""
    files = make_authority(tmp_path, "sns.eu-west-1.amazonaws.com")
    settings.LOYALTY_EGRESS_CA_FILE = str(files[0])
    certificate = amazon_certificate()

    def answer(asked: Asked) -> Answer:
        return Answer(200, certificate if asked.path.endswith(".pem") else b"<ok/>")

    ses._certificate.cache_clear()
    egress.use_resolver(lambda host: [ip_address("127.0.0.1")])
    with http_peer(answer, files) as peer:
        yield peer
    egress.use_resolver(None)


def notification(peer: Peer, kind: str = "Notification", **changes: str) -> dict[str, str]:
    """Give a notification of Amazon's, signed."""
    host = f"https://sns.eu-west-1.amazonaws.com:{peer.port}"
    event = {"eventType": "Delivery", "mail": {"messageId": "ref-1"}, "delivery": {"timestamp": "2026-11-20T12:00:00Z"}}
    told = {
        "Type": kind,
        "MessageId": "n-1",
        "TopicArn": TOPIC,
        "Message": json.dumps(event),
        "Timestamp": "2026-11-20T12:00:00.000Z",
        "SignatureVersion": "2",
        "SigningCertURL": f"{host}/cert.pem",
        **({"SubscribeURL": f"{host}/?Action=ConfirmSubscription", "Token": "t"} if kind != "Notification" else {}),
        **changes,
    }
    names = ("Message", "MessageId", *(("SubscribeURL",) if kind != "Notification" else ("Subject",)), "Timestamp",
             *(("Token",) if kind != "Notification" else ()), "TopicArn", "Type")  # fmt: skip
    text = "".join(f"{name}\n{told[name]}\n" for name in names if name in told)
    told["Signature"] = base64.b64encode(AMAZON_KEY.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())).decode()
    return told


def post_note(note: dict[str, str]) -> int:
    """Post a notification as Amazon does, which calls it plain text."""
    return post_to("email/ses", json.dumps(note).encode(), "text/plain; charset=UTF-8")


def test_ses__signed_for_our_topic__counts_and_a_subscription_is_confirmed(
    post: Post, now: datetime, amazon: Peer
) -> None:
    sent_mail(post, now)
    set_up("email", now, provider="ses", region="eu-west-1", access_key_id="AKIA", api_key="k", topic_arn=TOPIC)
    assert post_note(notification(amazon, "SubscriptionConfirmation", Message="Confirm")) == 200
    assert [asked.path for asked in amazon.asked] == ["/cert.pem", "/?Action=ConfirmSubscription"]
    assert post_note(notification(amazon)) == 200
    api.apply_receipts(now=now)
    assert Send.objects.get().state == "DELIVERED"
    bounce = {"notificationType": "Bounce", "mail": {"messageId": "ref-1"}, "bounce": {"bounceType": "Permanent"}}
    assert post_note(notification(amazon, Message=json.dumps(bounce))) == 200
    api.apply_receipts(now=now)
    assert Send.objects.get().state == "BOUNCED"
    assert len(amazon.of(".pem")) == 1


def test_ses__other_topic_other_host_or_changed_words__is_refused(now: datetime, amazon: Peer) -> None:
    set_up("email", now, provider="ses", region="eu-west-1", access_key_id="AKIA", api_key="k")
    assert post_note(notification(amazon)) == 403
    set_up("email", now, topic_arn=TOPIC)
    good = notification(amazon)
    bad = [
        notification(amazon, TopicArn=TOPIC + "x"),
        {**good, "Message": json.dumps({"eventType": "Complaint", "mail": {"messageId": "ref-1"}, "complaint": {}})},
        {**good, "Signature": "AAAA"},
        {**good, "SignatureVersion": "9"},
        {**good, "Type": "Other"},
        notification(amazon, SigningCertURL="https://sns.eu-west-1.amazonaws.com.evil.test/cert.pem"),
        notification(amazon, SigningCertURL="http://sns.eu-west-1.amazonaws.com/cert.pem"),
        notification(amazon, SigningCertURL="https://evil.test@sns.eu-west-1.amazonaws.com/cert.pem"),
        notification(amazon, "SubscriptionConfirmation", SubscribeURL="https://evil.test/"),
    ]
    assert {post_note(one) for one in bad} == {403}
    assert not ProviderReceipt.objects.exists()
    assert not amazon.of("Confirm")


def twilio_call(form: dict[str, str], key: str = "twilio-key") -> int:
    """Post as Twilio does."""
    text = "https://loyalty.test/hooks/sms/twilio" + "".join(f"{name}{form[name]}" for name in sorted(form))
    signature = base64.b64encode(hmac.digest(key.encode(), text.encode(), "sha1")).decode()
    body = urlencode(form).encode()
    return post_to("sms/twilio", body, "application/x-www-form-urlencoded", **{"X-Twilio-Signature": signature})


def test_twilio__receipts_and_keywords__count_when_signed(now: datetime, settings: Settings) -> None:
    settings.PUBLIC_URL = "https://loyalty.test"
    make_subscribers(["+9613000001"], now)
    set_up("sms", now, provider="twilio", account="AC1", api_key="twilio-key", sender="+9615555")
    stop = {"MessageSid": "SM9", "SmsStatus": "received", "From": "+9613000001", "To": "+9615555", "Body": "STOP"}
    assert twilio_call(stop, "other-key") == 403
    assert not InboundMessage.objects.exists()
    assert (twilio_call(stop), twilio_call(stop)) == (200, 200)
    assert (InboundMessage.objects.count(), consent_of("+9613000001")) == (1, False)
    for status, code in (("sent", ""), ("delivered", ""), ("undelivered", "30005")):
        assert twilio_call({"MessageSid": f"SM-{status}", "MessageStatus": status, "ErrorCode": code}) == 200
    assert set(ProviderReceipt.objects.values_list("reference", "outcome")) == {
        ("SM-delivered", "delivered"),
        ("SM-undelivered", "refused"),
    }


def test_hook__of_a_provider_that_is_not_set_up__is_unknown(now: datetime) -> None:
    assert post_to("email/sendgrid", b"[]") == 404
    assert post_to("pigeon/loft", b"[]") == 404
    assert Client().get("/hooks/sms/twilio").status_code == 404
    assert Client().put("/hooks/sms/twilio").status_code == 405
