"""Every way by which a message can leave the house, with a real peer at its end that is told how to behave."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session
from django.db import connection
from pytest_django.fixtures import Settings

from loyalty.customers import api as customers
from loyalty.customers.api import ConsentRecord, CustomerRecord, DevicePlatform, get_customer_by_ref, upsert_many
from loyalty.delivery import api
from loyalty.delivery.kinds import registry as channels
from loyalty.delivery.kinds.email.providers import registry as mails
from loyalty.delivery.kinds.push.channel import PushChannel
from loyalty.delivery.kinds.sms.providers import registry as texts
from loyalty.delivery.models import InboxItem
from loyalty.foundation.configuration import api as configuration
from loyalty.foundation.kernel.actor import system_actor
from loyalty.foundation.orm import sql
from tests.delivery.peers import DROP, GARBAGE, HALF, SILENT, Answer, Asked, Peer, http2_peer, http_peer, told
from tests.delivery.post import EVERYONE, SOURCE, Post, post_office
from tests.delivery.smsc import Smsc, message_centre
from tests.delivery.test_mail_services import KINDS as MAIL_KINDS
from tests.delivery.test_other_channels import SECRET, meta
from tests.delivery.test_push import APPLE_TOKEN, EC_KEY, GOOGLE_TOKEN, PEM, PKCS8, RSA_KEY, TEXT, apple, google
from tests.delivery.test_text_services import USUAL as TEXT_ANSWERS
from tests.delivery.test_text_services import VALUES as TEXT_VALUES
from tests.delivery.test_text_services import sns

ACTOR = system_actor("tests")
# How a peer may behave: refuse for good, refuse for now, answer late, answer nonsense, never answer, hang up before
# the answer, hang up in the middle of it.
HOWS = ("refuses", "is busy", "is slow", "garbage", "silent", "drops", "breaks off")
# How late a slow peer answers: less than anybody waits.
SLOW_S = 0.3
CONTENT: Mapping[str, dict[str, str]] = {
    "email": {"subject": "Hello", "body": "<p>Your bill is paid.</p>"},
    "sms": {"body": "Your bill is paid."},
    "whatsapp": {"body": "Your bill is paid."},
    **dict.fromkeys(("push", "in_app", "webhook"), {"title": "Hello", "body": "Your bill is paid."}),
}


def list_ways() -> list[str]:
    """Give every way of every registered channel: the channel, and the provider where it has several."""
    found: list[str] = []
    for code in sorted(channels._Registry.channels):
        if code == "push":
            found += [f"push {platform}" for platform in DevicePlatform]
        elif find_spec(f"loyalty.delivery.kinds.{code}.providers") is not None:
            providers = {"email": mails.WAYS, "sms": texts.WAYS}[code]
            found += [f"{code} {provider}" for provider in providers]
        else:
            found.append(code)
    return found


@dataclass(slots=True)
class Stage:
    """A way with its peer: ``behave`` tells the peer how, ``taken`` names the messages that it took or may have.

    The name of a message is the peer's means to know one that comes twice, where it has such a means.
    """

    channel: str
    behave: Callable[[str], None]
    taken: Callable[[], list[str]]
    # A way that knows a message by its name may be handed one of which nobody knows again.
    is_repeatable: bool = False


def queue(channel: str, now: datetime) -> None:
    """Make a customer with every address, and queue a message."""
    answers = (ConsentRecord(channel, "marketing", True, now),)
    record = CustomerRecord("every-1", "Ada", "Test", email="ada@mail.test", phone="+9613000001", consents=answers)
    upsert_many([record], source="tests", actor=ACTOR, now=now)
    customer = get_customer_by_ref("every-1")
    for token, platform in ((GOOGLE_TOKEN, "fcm"), (APPLE_TOKEN, "apns")):
        if channel == "push":
            customers.register_device(
                customer_id=customer.id, device_ref=platform, platform=platform, token=token, actor=ACTOR, now=now
            )
    request = api.MessageRequest("every", channel, "service", CONTENT[channel], (), "tests", SOURCE)
    message = api.open_message(request=request, now=now)
    api.enqueue_chunk(message_id=message.id, audience=EVERYONE, now=now)


class OverHttp:
    """The word for a peer over HTTP: its faults stand for messages alone, and it remembers what it refused."""

    def __init__(self, usual: Callable[[Asked], Answer], refusal: Answer) -> None:
        self._usual, self._refusal = usual, refusal
        self._how = ""
        self.taken: list[str] = []

    def behave(self, how: str) -> None:
        """Behave so from now on."""
        self._how = how

    def answer(self, asked: Asked) -> Answer | str:
        """Answer a request."""
        if asked.path == "/token":
            return self._usual(asked)
        match self._how:
            case "refuses":
                return self._refusal
            case "is busy":
                return Answer(503, b"{}")
        headers = asked.headers
        self.taken.append(headers.get("webhook-id") or headers.get("apns-id") or f"request {len(self.taken)}")
        match self._how:
            case "is slow":
                return replace(self._usual(asked), delay_s=SLOW_S)
            case "garbage":
                return GARBAGE
            case "silent":
                return SILENT
            case "drops":
                return DROP
            case "breaks off":
                return HALF
        return self._usual(asked)


REFUSALS: Mapping[str, Answer] = {
    "twilio": told(400, {"code": 21617}),
    "sns": sns(400, "Other"),
    "whatsapp": told(400, {"error": {"code": 131047, "message": "m"}}),
    "fcm": told(400, {"error": {"status": "INVALID_ARGUMENT"}}),
    "apns": told(400, {"reason": "PayloadEmpty"}),
    "webhook": Answer(400, b""),
    **dict.fromkeys(
        ("ses", "sendgrid", "mailgun", "postmark"),
        Answer(400, b'{"errors": [], "message": "bad", "ErrorCode": 402, "Message": "bad"}'),
    ),
}


def usual_of(provider: str) -> Callable[[Asked], Answer]:
    """Give how a provider answers when all is well."""
    if provider in MAIL_KINDS:
        return lambda asked: MAIL_KINDS[provider].answer
    if provider in TEXT_ANSWERS:
        return lambda asked: TEXT_ANSWERS[provider]
    return {"fcm": google, "apns": apple, "whatsapp": meta, "webhook": lambda asked: told(204, "")}[provider]


def values_of(provider: str, peer: Peer) -> tuple[str, dict[str, Any]]:
    """Give the section of a provider and what is set up in it."""
    if provider in MAIL_KINDS or provider in TEXT_VALUES:
        own = MAIL_KINDS[provider].values if provider in MAIL_KINDS else TEXT_VALUES[provider]
        section = "email" if provider in MAIL_KINDS else "sms"
        return section, {"provider": provider, "api_url": peer.url, "api_key": "secret-key", **own}
    account = {
        "client_email": "sender@shop.iam.gserviceaccount.com",
        "private_key": RSA_KEY.private_bytes(PEM, PKCS8, TEXT).decode(),
        "private_key_id": "key-1",
        "token_uri": f"{peer.url}/token",
    }
    apns_key = EC_KEY.private_bytes(PEM, PKCS8, TEXT).decode().replace("\n", " ")
    sections: dict[str, tuple[str, dict[str, Any]]] = {
        "fcm": ("push-fcm", {"project_id": "shop-1", "service_account": json.dumps(account), "base_url": peer.url}),
        "apns": (
            "push-apns",
            {
                "team_id": "TEAM123456",
                "key_id": "KEY1234567",
                "topic": "test.shop",
                "key": apns_key,
                "base_url": peer.url,
            },
        ),
        "whatsapp": (
            "whatsapp",
            {
                "phone_number_id": "12345678",
                "access_token": "a",
                "app_secret": "b",
                "verify_token": "c",
                "base_url": peer.url,
            },
        ),
        "webhook": ("webhook-channel", {"url": f"{peer.url}/messages", "secret": SECRET}),
    }
    return sections[provider]


@contextmanager
def over_http(way: str, now: datetime, files: tuple[Path, Path, Path]) -> Iterator[Stage]:
    """Set up a way whose peer speaks HTTP/1.1, or HTTP/2 where it is a service of push messages."""
    channel, _, provider = way.partition(" ")
    provider = provider or channel
    word = OverHttp(usual_of(provider), REFUSALS[provider])
    running = http2_peer(word.answer, files) if channel == "push" else http_peer(word.answer)
    with running as peer:
        section, values = values_of(provider, peer)
        configuration.save(code=section, values=values, actor=ACTOR, now=now)
        kept = channels._Registry.channels[channel]
        if channel == "push":
            # One that keeps no connections of another test.
            channels.register(PushChannel())
        try:
            yield Stage(channel, word.behave, lambda: list(word.taken), is_repeatable=channel == "webhook")
        finally:
            channels.register(kept)


MAIL_WORDS = {
    "refuses": "BODY 554 5.7.1 not here",
    "is busy": "BODY 451 try later",
    "is slow": f"SLOW {SLOW_S}",
    "garbage": "GARBAGE",
    "silent": "SILENT",
    "drops": "DROP",
    "breaks off": "HALF",
}


@contextmanager
def over_smtp(folder: Path, settings: Settings) -> Iterator[Stage]:
    """Set up mail by a mail server."""
    with post_office(folder) as office:
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", office.port, 1
        settings.LOYALTY_EMAIL_RELAY_IS_FINAL = False
        bodies: list[str] = []
        handle = office.keeper.handle_DATA

        async def counted(server: SMTP, session: Session, envelope: Envelope) -> str:
            if not office.keeper.refusals.answer("BODY"):
                bodies.append(f"mail {len(bodies)}")
            return await handle(server, session, envelope)

        office.keeper.handle_DATA = counted  # type: ignore[method-assign]
        yield Stage("email", lambda how: told_to(office, MAIL_WORDS.get(how, "")), lambda: list(bodies))


TEXT_WORDS = {
    "refuses": f"STATUS {0x45}",
    "is busy": f"STATUS {0x58}",
    "is slow": "SLOW 1",
    "garbage": "GARBAGE",
    "silent": "SILENT",
    "drops": "DROP",
    "breaks off": "HALF",
}


@contextmanager
def over_smpp(folder: Path, settings: Settings) -> Iterator[Stage]:
    """Set up text messages by a message centre."""
    with message_centre(folder) as centre:
        settings.LOYALTY_SMS_PROVIDER, settings.LOYALTY_SMS_FROM = "smpp", "Khaywe"
        settings.LOYALTY_SMPP_HOST, settings.LOYALTY_SMPP_PORT = "127.0.0.1", centre.port
        settings.LOYALTY_SMPP_TIMEOUT = 2
        yield Stage("sms", lambda how: told_to(centre, TEXT_WORDS.get(how, "")), lambda: kept_by(centre))


def told_to(server: Post | Smsc, word: str) -> None:
    """Tell a server of ours how to fail, or to work again."""
    if word:
        server.fail(word)
    else:
        server.work()


def kept_by(centre: Smsc) -> list[str]:
    """Give a name for each text that the centre took."""
    return [f"text {number}" for number in range(centre.centre.kept)]


# What the table of the inbox does to whoever writes into it.
TABLE_WORDS = {
    "is busy": "RAISE EXCEPTION 'not now' USING ERRCODE = '53000'",
    "is slow": f"PERFORM pg_sleep({SLOW_S})",
    "silent": "PERFORM pg_sleep(30)",
    "drops": "PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5)",
}


@contextmanager
def in_our_own_table() -> Iterator[Stage]:
    """Set up the inbox, whose peer is the database: a trigger makes it fail."""

    def behave(how: str) -> None:
        sql.execute("DROP TRIGGER IF EXISTS misbehave ON delivery_inboxitem")
        # The one refusal for good there is: the address is nobody's.
        if how == "refuses":
            sql.execute("UPDATE delivery_message SET is_test = true")
            sql.execute("UPDATE delivery_send SET address = 'nobody'")
        elif how:
            sql.execute(
                f"CREATE OR REPLACE FUNCTION misbehave() RETURNS trigger LANGUAGE plpgsql AS "  # noqa: S608 - our words
                f"$$ BEGIN {TABLE_WORDS[how]}; RETURN NEW; END $$"
            )
            sql.execute(
                "CREATE TRIGGER misbehave BEFORE INSERT ON delivery_inboxitem FOR EACH ROW EXECUTE FUNCTION misbehave()"
            )
            sql.execute("SET statement_timeout = 1000")

    try:
        yield Stage(
            "in_app", behave, lambda: [str(one) for one in InboxItem.objects.values_list("public_id", flat=True)],
            is_repeatable=True,
        )  # fmt: skip
    finally:
        connection.close()
        behave("")
        sql.execute("DROP FUNCTION IF EXISTS misbehave()")
        sql.execute("RESET statement_timeout")
