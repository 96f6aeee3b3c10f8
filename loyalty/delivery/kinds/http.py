"""Calls to a provider over HTTP: many at once, and what each way of failing says of the message."""

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, TypeVar

import httpx

from loyalty.delivery.errors import DeliveryError
from loyalty.foundation.configuration.api import Section
from loyalty.foundation.kernel import clock
from loyalty.foundation.resilience import egress
from loyalty.foundation.resilience.breaker import Breaker, BreakerOpen
from loyalty.foundation.resilience.retry import read_retry_after

Handed = TypeVar("Handed")
Answer = TypeVar("Answer")

# A provider answers a message within a second or two; what takes longer is as good as lost.
CONNECT_SECONDS, TOTAL_SECONDS = 5.0, 15.0
ANSWER_BYTES_MAX = 256_000
# Calls that one worker has under way: enough to hide the way there and back, few enough for any provider.
CALLS_AT_ONCE = 10
DETAIL_LENGTH_MAX = 300

# After these nobody can say whether the message was taken.
OPEN_OUTCOMES = (egress.TimeSpent, egress.AnswerTooLarge, egress.AnswerUnreadable)
# Before these nothing left the house.
NOTHING_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class Provider:
    """One provider's API: a client that keeps its connections, behind a breaker.

    :param channel: the channel, which is also the purpose by which egress decides and the prefix of the reasons.
    """

    def __init__(self, channel: str, base_url: str, *, http2: bool = False) -> None:
        self.channel, self.base_url = channel, base_url.rstrip("/")
        self._client = egress.client(
            channel,
            connect_s=CONNECT_SECONDS,
            read_s=TOTAL_SECONDS,
            total_s=TOTAL_SECONDS,
            bytes_max=ANSWER_BYTES_MAX,
            http2=http2,
        )
        self._breaker = Breaker(f"{channel}:{self.base_url}", counts=_is_down)

    def call(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes = b"",
        auth: tuple[str, str] | None = None,
    ) -> httpx.Response:
        """Make one call; ``path`` stands behind the base address, or is an address by itself.

        :raises DeliveryError: no answer came. Whether the message may have gone is in it.
        """
        url = path if "://" in path else f"{self.base_url}{path}"
        try:
            return self._breaker.call(lambda: self._ask(method, url, headers or {}, content, auth))
        except BreakerOpen as refusal:
            raise self.down("The provider failed too often and is left alone for a while.") from refusal

    def _ask(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes, auth: tuple[str, str] | None
    ) -> httpx.Response:
        try:
            return self._client.request(method, url, headers=dict(headers), content=content, auth=auth)
        except OPEN_OUTCOMES as refusal:
            raise self.unknown(refusal.code) from refusal
        except egress.EgressRefusal as refusal:
            raise self.down(refusal.detail) from refusal
        except NOTHING_LEFT as fault:
            raise self.down(said(fault)) from fault
        except httpx.TransportError as fault:
            raise self.unknown(said(fault)) from fault

    def down(self, detail: str, code: str = "server_unavailable") -> DeliveryError:
        """Make the error of a provider to which nothing can be handed now."""
        return DeliveryError(f"{self.channel}.{code}", detail[:DETAIL_LENGTH_MAX], is_channel_down=True)

    def unknown(self, detail: str) -> DeliveryError:
        """Make the error of a message of which nobody knows whether it was taken."""
        return DeliveryError(f"{self.channel}.outcome_unknown", detail[:DETAIL_LENGTH_MAX], is_unknown=True)

    def busy(self, detail: str, response: httpx.Response | None = None) -> DeliveryError:
        """Make the error of a message that was not taken and may be later: when the answer says so, or as we think."""
        asked = "" if response is None else response.headers.get("retry-after", "")
        wait = read_retry_after(asked, instant_of_call())
        wait_s = wait.total_seconds() if wait is not None else 0.0
        return DeliveryError(f"{self.channel}.busy", detail[:DETAIL_LENGTH_MAX], wait_s=wait_s)

    def refused(self, detail: str) -> DeliveryError:
        """Make the error of a message that is refused for good."""
        return DeliveryError(f"{self.channel}.refused", detail[:DETAIL_LENGTH_MAX], is_permanent=True)

    def recipient_refused(self, detail: str, code: str = "number_refused") -> DeliveryError:
        """Make the error of an address that is no good."""
        told = detail[:DETAIL_LENGTH_MAX]
        return DeliveryError(f"{self.channel}.{code}", told, is_permanent=True, is_recipient=True)

    def error_of(self, response: httpx.Response, told: str) -> DeliveryError:
        """Give what an answer says that is no success, where the provider's own words say nothing better.

        429 and 503 promise that nothing was done (RFC 6585, 4; RFC 9110, 15.6.4); behind any other fault of a server
        the message may already be on its way.
        """
        detail = f"{response.status_code} {told}".strip()
        match response.status_code:
            case 401 | 403 | 407:
                return self.down(detail, "credentials_refused")
            case 408 | 425 | 429 | 503:
                return self.busy(detail, response)
            case status if status >= httpx.codes.INTERNAL_SERVER_ERROR:
                return self.unknown(detail)
            case _:
                return self.refused(detail)

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()


class Kept:
    """The provider of a section, made again when the section becomes another; its connections outlive a batch."""

    def __init__(self, make: Callable[[Section], Any]) -> None:
        self._make, self._lock = make, threading.Lock()
        self._held: tuple[Section, Any] | None = None

    def of(self, section: Section) -> Any:
        """Give the provider."""
        with self._lock:
            if self._held is None or self._held[0] is not section:
                # Calls that are under way with the old one end on their own connections.
                self._held = (section, self._make(section))
            return self._held[1]


def at_once(send: Callable[[Handed], Answer], messages: Sequence[Handed]) -> list[Answer | DeliveryError]:
    """Hand messages over, several at a time, and give what became of each in their order.

    ``send`` is called in threads that have no database.
    """
    policy = egress.current_policy()

    def one(message: Handed) -> Answer | DeliveryError:
        with egress.using(policy):
            try:
                return send(message)
            except DeliveryError as fault:
                return fault

    if len(messages) < 2:
        return [one(message) for message in messages]
    with ThreadPoolExecutor(CALLS_AT_ONCE, thread_name_prefix="delivery") as pool:
        return list(pool.map(one, messages))


def instant_of_call() -> datetime:
    """Give the instant that a call to a provider is signed with: it is refused when that is not the real one."""
    return clock.now()


def read_json(response: httpx.Response) -> Mapping[str, Any] | None:
    """Give the object that an answer holds, or None where it holds none."""
    try:
        found = json.loads(response.content)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def text_at(value: object, *path: str) -> str:
    """Give the text or number that lies at a path of an answer, as text; empty where there is none."""
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return str(value) if isinstance(value, str | int) else ""


def said(fault: Exception) -> str:
    """Give a fault in one line."""
    return f"{type(fault).__name__}: {fault}"[:DETAIL_LENGTH_MAX]


def _is_down(fault: BaseException) -> bool:
    return isinstance(fault, DeliveryError) and (fault.is_channel_down or fault.is_unknown)
