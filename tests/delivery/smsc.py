"""A real short message centre in a thread of this process, and customers with telephones."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from loyalty.customers.api import ConsentRecord, CustomerRecord, get_customer_by_ref, list_consents, upsert_many
from loyalty.delivery import api
from loyalty.delivery.kinds.sms.catcher import MessageCentre, kept_texts, serve
from loyalty.delivery.operations import sms_receiving
from loyalty.foundation.kernel import clock
from loyalty.foundation.kernel.actor import system_actor
from tests.delivery.post import EVERYONE, SOURCE


@dataclass(slots=True)
class Smsc:
    """The centre: where it listens, what it kept, how it is told to fail."""

    port: int
    folder: Path
    fail_file: Path
    centre: MessageCentre
    loop: asyncio.AbstractEventLoop

    def texts(self) -> list[dict[str, Any]]:
        """Give what was kept."""
        return kept_texts(self.folder)

    def fail(self, how: str) -> None:
        """Fail from now on."""
        self.fail_file.write_text(how)

    def work(self) -> None:
        """Work again."""
        self.fail_file.unlink(missing_ok=True)

    def write_to_us(self, sender: str, text: str) -> None:
        """Deliver a customer's message."""
        self.loop.call_soon_threadsafe(lambda: self.centre.write_to_us(sender=sender, to="5555", text=text))


@contextmanager
def message_centre(folder: Path, *, sends_receipts: bool = True) -> Iterator[Smsc]:
    """Run a centre on a free port in a thread of its own."""
    loop = asyncio.new_event_loop()
    fail_file = folder / "fail"
    centre = MessageCentre(folder / "texts", fail_file, sends_receipts=sends_receipts)
    server = loop.run_until_complete(serve(centre, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield Smsc(server.sockets[0].getsockname()[1], folder / "texts", fail_file, centre, loop)
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=10)
        loop.close()


def make_subscribers(
    numbers: Sequence[str], now: datetime, *, is_consented: bool = True, names: Sequence[str] = ()
) -> None:
    """Make a customer for each telephone number."""
    records = [
        CustomerRecord(
            customer_ref=f"t-{number}",
            first_name=names[place] if names else f"Name{place}",
            last_name="Test",
            phone=number,
            consents=(ConsentRecord("sms", "marketing", is_consented, now),),
        )
        for place, number in enumerate(numbers)
    ]
    upsert_many(records, source="tests", actor=system_actor("tests"), now=now)


def consent_of(number: str) -> bool:
    """Tell whether the customer with the number agrees to marketing by text message."""
    customer = get_customer_by_ref(f"t-{number}")
    return next(
        one.is_granted for one in list_consents(customer.id) if (one.channel, one.purpose) == ("sms", "marketing")
    )


def queue_text(now: datetime, body: str, *, occurrence: str = "s-1", purpose: str = "marketing") -> None:
    """Open a text message and queue it for everyone."""
    request = api.MessageRequest(
        occurrence_key=occurrence,
        channel="sms",
        purpose=purpose,
        content={"body": body},
        variables=(),
        source_kind="tests",
        source_ref=SOURCE,
    )
    message = api.open_message(request=request, now=now)
    api.enqueue_chunk(message_id=message.id, audience=EVERYONE, now=now)


def receive_until(is_enough: Callable[[], bool]) -> None:
    """Be bound as receiver, in this thread, until enough came in."""

    class Enough(threading.Event):
        def is_set(self) -> bool:
            return is_enough()

    sms_receiving.receive(Enough(), read_clock=clock.now)
