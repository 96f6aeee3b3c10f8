"""Mails of one window on one line: the next one's envelope goes with the body, and no answer is taken for another."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from loyalty.delivery.contracts import Outgoing, Receipt, Rendered
from loyalty.delivery.errors import DeliveryError
from loyalty.delivery.kinds.email.providers.smtp import EmailConnection
from loyalty.delivery.kinds.email.smtp import PlainSmtp, backend_of
from loyalty.foundation.configuration.api import Section
from tests.delivery.post import Post, post_office

SECTION: dict[str, Any] = {
    "host": "127.0.0.1", "username": "", "password": "", "security": "none", "timeout_s": 5,
    "from_email": "loyalty@khaywe.test", "is_final": False,
}  # fmt: skip
TEXT = ".one\n..two"
# Without a text a mail goes the library's way.
TEXTS = {"bare": ""}


def mails_to(*names: str) -> list[Outgoing]:
    """Make a mail for each name; the address begins with it."""
    return [
        Outgoing(
            send_id=uuid.uuid5(uuid.NAMESPACE_OID, f"{place}"),
            address=f"{name}.{place}@mail.test",
            rendered=Rendered(subject=f"{name} {place}", html="<p>one</p>", text=TEXTS.get(name, TEXT)),
            headers={},
        )
        for place, name in enumerate(names)
    ]


@pytest.fixture
def picky(tmp_path: Path) -> Iterator[Post]:
    """A mail server that treats a recipient as the address says."""
    with post_office(tmp_path) as post:
        take_recipient, take_body = post.keeper.handle_RCPT, post.keeper.handle_DATA

        async def handle_recipient(
            server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
        ) -> str:
            if address.startswith("unknown"):
                return "550 no such user"
            return await take_recipient(server, session, envelope, address, options)

        async def handle_body(server: SMTP, session: Session, envelope: Envelope) -> str:
            how = envelope.rcpt_tos[0].partition(".")[0]
            if how in ("busy", "goodbye"):
                return {"busy": "451 try later", "goodbye": "421 closing"}[how]
            answer = await take_body(server, session, envelope)
            if how == "dropped":
                server.transport.abort()  # type: ignore[union-attr]
            elif how == "garbled":
                server.transport.write(b"\x00\x01 no answer at all\r\n")  # type: ignore[union-attr]
            return answer

        post.keeper.handle_RCPT = handle_recipient  # type: ignore[method-assign]
        post.keeper.handle_DATA = handle_body  # type: ignore[method-assign]
        yield post


@pytest.fixture
def hand_over(picky: Post) -> Callable[..., list[str]]:
    """Hand mails over on one connection; gives what became of each in a word."""

    def one(*names: str) -> list[str]:
        section = Section("email", 0, {**SECTION, "port": picky.port}, frozenset())
        backend = backend_of(section)
        connection = EmailConnection(backend, section)
        connection.open()
        outcomes = connection.hand_over(mails_to(*names))
        backend.close()
        return [told(outcome) for outcome in outcomes]

    return one


def told(outcome: Receipt | DeliveryError) -> str:
    """Give an outcome in a word."""
    return "sent" if isinstance(outcome, Receipt) else outcome.code.partition(".")[2]


def kept(post: Post) -> list[str]:
    """Give the subjects of what arrived, and hold each against its address and its text."""
    found = post.mails()
    for mail in found:
        name, _, place = str(mail["Subject"]).partition(" ")
        assert str(mail["X-RcptTo"]) == str(mail["To"]) == f"{name}.{place}@mail.test"
        plain = mail.get_body(("plain",))
        text = plain.get_content() if plain is not None else ""
        assert text.splitlines() == TEXTS.get(name, TEXT).splitlines()
    return [str(mail["Subject"]) for mail in found]


def test_window__each_taken__needs_one_write_more_than_mails(
    picky: Post, hand_over: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    writes: list[bytes] = []
    plain = PlainSmtp.send

    def counted(line: Any, data: bytes | str) -> None:
        writes.append(data if isinstance(data, bytes) else data.encode())
        plain(line, data)

    monkeypatch.setattr(PlainSmtp, "send", counted)
    assert hand_over("a", "b", "c", "d") == ["sent"] * 4
    assert kept(picky) == ["a 0", "b 1", "c 2", "d 3"]
    of_mails = [data for data in writes if b"DATA" in data or data.endswith(b"\r\n.\r\n")]
    assert [data.count(b"MAIL FROM") for data in of_mails] == [1, 1, 1, 1, 0]
    assert [data.count(b"\r\n.\r\n") for data in of_mails] == [0, 1, 1, 1, 1]


@pytest.mark.parametrize(
    ("name", "outcome", "arrives"),
    [
        ("unknown", "recipient_refused", False),
        ("busy", "refused", False),
        ("goodbye", "refused", False),
        ("dropped", "outcome_unknown", True),
        ("garbled", "outcome_unknown", True),
        ("bare", "sent", True),
    ],
)
@pytest.mark.parametrize("place", [0, 1, 3])
def test_window__one_is_refused_or_lost__the_others_arrive_once_each_in_order(
    picky: Post, hand_over: Callable[..., list[str]], name: str, outcome: str, arrives: bool, place: int
) -> None:
    names = ["a", "b", "c"]
    names.insert(place, name)
    outcomes = ["sent"] * 3
    outcomes.insert(place, outcome)
    assert hand_over(*names) == outcomes
    assert kept(picky) == [f"{each} {number}" for number, each in enumerate(names) if each != name or arrives]


def test_window__two_in_a_row_are_refused__nobody_gets_what_is_for_another(
    picky: Post, hand_over: Callable[..., list[str]]
) -> None:
    names = ("busy", "unknown", "a", "dropped", "dropped", "garbled", "unknown", "goodbye", "b", "busy")
    outcomes = hand_over(*names)
    assert [outcomes[place] for place in (2, 8)] == ["sent", "sent"]
    assert [outcomes[place] for place in (3, 4, 5)] == ["outcome_unknown"] * 3
    assert [outcomes[place] for place in (0, 7, 9)] == ["refused"] * 3
    assert kept(picky) == ["a 2", "dropped 3", "dropped 4", "garbled 5", "b 8"]
