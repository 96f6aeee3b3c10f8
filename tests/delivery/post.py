"""A real mail server in this process, customers to write to, and audiences."""

import asyncio
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import Envelope

from loyalty.customers.api import ConsentRecord, CustomerRecord, get_customer_by_ref, upsert_many
from loyalty.delivery import api
from loyalty.delivery.kinds.email.catcher import MaildirKeeper, Refusals, kept_mails, serve
from loyalty.delivery.models import Send
from loyalty.foundation.kernel.actor import system_actor

EVERYONE = api.Audience(
    "SELECT customer_id, public_id AS customer_public_id, NULL::jsonb AS variables FROM customers_directory"
)
SOURCE = uuid.UUID("0190c0de-0000-7000-8000-000000000001")
CONTENT = {
    "subject": 'Hello {{ first_name | "friend" }}',
    "body": '<p>Dear {{ first_name | "customer" }}</p><p><a href="https://shop.test/a?x=1&amp;y=2">Offer</a></p>',
}


@dataclass(slots=True)
class Post:
    """The mail server: where it listens, what it kept, how it is told to fail, what happens meanwhile."""

    port: int
    maildir: Path
    fail_file: Path
    keeper: "Interrupting"

    def mails(self) -> list[EmailMessage]:
        """Give what was kept."""
        return list(kept_mails(self.maildir))

    def fail(self, how: str) -> None:
        """Fail from now on."""
        self.fail_file.write_text(how)

    def work(self) -> None:
        """Work again."""
        self.fail_file.unlink(missing_ok=True)


class Interrupting(MaildirKeeper):
    """A mail server during whose conversation something happens: after the mail is kept, before it says so."""

    def __init__(self, maildir: Path, refusals: Refusals) -> None:
        super().__init__(maildir, refusals)
        self.on_kept: Callable[[int], None] | None = None
        self._mails = 0

    def _keep(self, envelope: Envelope) -> None:
        super()._keep(envelope)
        self._mails += 1
        if self.on_kept:
            self.on_kept(self._mails)


@contextmanager
def post_office(folder: Path) -> Iterator[Post]:
    """Run a mail server on a free port in a thread of its own."""
    loop = asyncio.new_event_loop()
    fail_file = folder / "fail"
    keeper = Interrupting(folder / "mail", Refusals(fail_file))
    server = loop.run_until_complete(serve(keeper, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield Post(server.sockets[0].getsockname()[1], folder / "mail", fail_file, keeper)
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=10)
        loop.close()


def make_customers(
    names: Sequence[str], now: datetime, *, is_consented: bool = True, has_address: bool = True, prefix: str = "c"
) -> list[uuid.UUID]:
    """Make customers named so; give their public ids in order."""
    records = [
        CustomerRecord(
            customer_ref=f"{prefix}-{number}",
            first_name=name,
            last_name="Test",
            email=f"{prefix}{number}@mail.test" if has_address else "",
            consents=(ConsentRecord("email", "marketing", is_consented, now),),
        )
        for number, name in enumerate(names)
    ]
    upsert_many(records, source="tests", actor=system_actor("tests"), now=now)
    return [get_customer_by_ref(record.customer_ref).id for record in records]


def open_message(now: datetime, *, occurrence: str = "o-1", **changes: Any) -> api.MessageView:
    """Open a marketing mail of an occurrence."""
    wanted: dict[str, Any] = {
        "occurrence_key": occurrence,
        "channel": "email",
        "purpose": "marketing",
        "content": CONTENT,
        "variables": (),
        "source_kind": "tests",
        "source_ref": SOURCE,
        **changes,
    }
    return api.open_message(request=api.MessageRequest(**wanted), now=now)


def queue_all(now: datetime, *, occurrence: str = "o-1", **changes: Any) -> api.EnqueuedChunk:
    """Open a mail and queue it for everyone."""
    message = open_message(now, occurrence=occurrence, **changes)
    return api.enqueue_chunk(message_id=message.id, audience=EVERYONE, now=now)


def left_out(**customers: int) -> dict[str, int]:
    """Give how many were left out by every reason: those named, and nobody for the others."""
    return {**{reason.value: 0 for reason in api.Exclusion}, **customers}


def states() -> dict[str, int]:
    """Count the sends by state."""
    return dict(Counter(Send.objects.values_list("state", flat=True)))
