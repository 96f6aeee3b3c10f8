"""Speaks with Xiva over HTTP: signs in, renews its token, pages, waits when asked to, gives up when it is down."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from loyalty.customers.errors import (
    BssAnswerInvalid,
    BssCredentialsRefused,
    BssNotConfigured,
    BssUnavailable,
)
from loyalty.customers.kinds.xiva.contracts import PartsFound, Tokens, XivaCustomer
from loyalty.foundation.configuration import api as configuration
from loyalty.foundation.configuration.api import Section
from loyalty.foundation.kernel.errors import Unavailable
from loyalty.foundation.resilience import egress
from loyalty.foundation.resilience.breaker import Breaker, BreakerOpen
from loyalty.foundation.resilience.retry import TryAgain, retrying

Answer = TypeVar("Answer")

CONNECT_SECONDS, READ_SECONDS = 5.0, 20.0
# A page of 500 customers is below 1 MB; more than this is no answer of a BSS.
ANSWER_BYTES_MAX = 20_000_000
ATTEMPTS_MAX = 6
# Waiting for one call never takes longer than this in all.
TOTAL_SECONDS = 60.0
PAGE_SIZE = 500
PAGES_MAX = 100_000
# A token may expire between renewal and use; a third refusal is not about its age.
RENEWALS_MAX = 2

CUSTOMERS = "/customerManagement/v4/customer/"
OVERVIEWS = "/customerManagement/v4/customers/{ref}/360/{part}/"
PRODUCTS = "/productOrdering/v5/customerProductInstances/"
ACCOUNTS = "/customerManagement/v4/customerAccount/"
# One part of the view of several customers at once; a Xiva that has no such address is asked customer by customer.
MANY = "/customerManagement/v4/customers/360/{part}/"
MANY_SIZE = 100
# What a Xiva without that address answers.
MANY_REFUSED = (400, 404, 405, 501)
# A Xiva may learn it with its next version.
MANY_RETRY_SECONDS = 600.0
# Customer by customer, so many at a time: more would be a load that a BSS notices.
CALLS_AT_ONCE = 8
PARTS = ("overview", "services", "usage", "financial", "complete")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a caller waits: tries, seconds in all, and seconds for one answer."""

    attempts_max: int
    total_s: float
    read_s: float


# An import has all night; somebody stands before a decision and waits.
UNHURRIED = Patience(ATTEMPTS_MAX, TOTAL_SECONDS, READ_SECONDS)
BRISK = Patience(attempts_max=2, total_s=3.0, read_s=2.0)


class XivaDown(TryAgain):
    """Xiva broke off or answered with a fault; it may be down, which the breaker counts."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: its status, its body, and how many rows there are in all when Xiva says so."""

    status: int
    body: bytes
    total: int | None


class XivaClient:
    """One per address and process; threads share it."""

    def __init__(
        self,
        base_url: str,
        username: str,
        password: str,
        *,
        breaker: str = "",
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Make a client; ``breaker`` names the one to share, else it is that of the address."""
        if not base_url:
            raise BssNotConfigured("Set XIVA_API_BASE_URL to the address of Xiva.")
        self._http = egress.client(
            "xiva",
            base_url=base_url.rstrip("/"),
            headers={"Accept": "application/json"},
            connect_s=CONNECT_SECONDS,
            read_s=READ_SECONDS,
            total_s=TOTAL_SECONDS,
            bytes_max=ANSWER_BYTES_MAX,
        )
        self._username, self._password, self._sleep = username, password, sleep
        self._tokens: Tokens | None = None
        self._lock = threading.Lock()
        self._many_refused_at: float | None = None
        self._breaker = Breaker(breaker or f"xiva:{base_url}", counts=lambda fault: isinstance(fault, XivaDown))

    @property
    def breaker_state(self) -> str:
        """``closed``, ``open`` or ``half-open``: the worst over all processes."""
        return self._breaker.worst_state

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    # -- what is asked -------------------------------------------------------------------------------------------

    def pages(self, page_size: int = PAGE_SIZE) -> Iterator[tuple[list[XivaCustomer], int | None]]:
        """Give all customers page by page, with how many there are in all when Xiva says so.

        :raises BssAnswerInvalid: a page cannot be read, or pages never end.
        """
        offset = 0
        last: tuple[str, str, int] | None = None
        for _ in range(PAGES_MAX):
            reply = self._get(CUSTOMERS, {"limit": page_size, "offset": offset})
            page = self._read(reply.body, list[XivaCustomer])
            if not page:
                return
            mark = (page[0].id, page[-1].id, len(page))
            if mark == last:
                raise BssAnswerInvalid("Xiva gives the same page again and again.")
            last = mark
            yield page, reply.total
            offset += len(page)
            if offset >= reply.total if reply.total is not None else len(page) < page_size:
                return
        raise BssAnswerInvalid(f"Xiva has no end after {PAGES_MAX} pages.")

    def find_customer(self, ref: str) -> Any | None:
        """Give a customer as Xiva tells it, or None when it knows none."""
        return self._find(f"{CUSTOMERS}{quote(ref, safe='')}/")

    def list_customers(self, search: str, limit: int, offset: int) -> tuple[list[Any], int | None]:
        """Give customers that fit a search, and how many there are in all when Xiva says so."""
        reply = self._get(CUSTOMERS, {"search": search, "limit": limit, "offset": offset})
        return self._list(reply.body), reply.total

    def find_part(self, ref: str, part: str, patience: Patience = UNHURRIED) -> Any | None:
        """Give one part of Xiva's view of a customer (one of ``PARTS``), or None when it knows no such customer."""
        return self._find(OVERVIEWS.format(ref=quote(ref, safe=""), part=part), patience)

    def find_parts(self, refs: Sequence[str], part: str, patience: Patience | None = None) -> PartsFound:
        """Give one part of Xiva's view of several customers; never raises.

        Where Xiva answers for many at once it is asked so, a hundred at a time; else customer by customer, a few at a
        time and no longer than ``patience.total_s`` for one, or four times that for all. Without a word on it, briskly.
        """
        patience = patience or BRISK
        found = PartsFound()
        for start in range(0, len(refs), MANY_SIZE):
            chunk = refs[start : start + MANY_SIZE]
            if found.refusal is not None:
                found.unanswered.update(chunk)
                continue
            try:
                rows = self._find_many(chunk, part, patience) if len(chunk) > 1 else None
            except Unavailable as refusal:
                found.refusal = refusal
                found.unanswered.update(chunk)
                continue
            if rows is None:
                self._find_each(refs[start:], part, patience, found)
                return found
            found.known.update(rows)
        return found

    def _find_many(self, refs: Sequence[str], part: str, patience: Patience) -> dict[str, Any] | None:
        """Give the parts by reference, or None where Xiva does not answer for many at once."""
        refused_at = self._many_refused_at
        if refused_at is not None and time.monotonic() - refused_at < MANY_RETRY_SECONDS:
            return None
        reply = self._get(
            MANY.format(part=part), {"customer_id": ",".join(refs)}, (200, *MANY_REFUSED), patience=patience
        )
        if reply.status in MANY_REFUSED:
            self._many_refused_at = time.monotonic()
            return None
        self._many_refused_at = None
        rows: dict[str, Any] = {}
        for row in self._list(reply.body):
            ref = row.get("customer_id") if isinstance(row, dict) else None
            if not isinstance(ref, str) or ref not in refs or ref in rows:
                raise BssAnswerInvalid("Xiva answers for customers that it was not asked for, or twice for one.")
            rows[ref] = row
        return rows

    def _find_each(self, refs: Sequence[str], part: str, patience: Patience, found: PartsFound) -> None:
        """Ask customer by customer; what the time does not suffice for stays unanswered."""
        ends_at = time.monotonic() + patience.total_s * (4 if len(refs) > 1 else 1)
        # The threads below have no database to ask which calls are allowed.
        policy = egress.current_policy()

        def one(ref: str) -> tuple[str, Any | None, Unavailable | None]:
            if found.refusal is not None or time.monotonic() >= ends_at:
                return ref, None, found.refusal or BssUnavailable("Xiva is too slow to be asked for all.")
            try:
                with egress.using(policy):
                    return ref, self.find_part(ref, part, patience), None
            except Unavailable as refusal:
                return ref, None, refusal

        with ThreadPoolExecutor(max_workers=min(CALLS_AT_ONCE, len(refs))) as pool:
            for ref, answer, refusal in pool.map(one, refs):
                if refusal is not None:
                    found.refusal = found.refusal or refusal
                    found.unanswered.add(ref)
                elif answer is not None:
                    found.known[ref] = answer

    def list_products(self, ref: str) -> list[Any]:
        """Give the products that a customer has."""
        return self._list(self._get(PRODUCTS, {"customer_id": ref}).body)

    def list_billing_accounts(self, ref: str) -> list[Any]:
        """Give the billing accounts of a customer."""
        return self._list(self._get(ACCOUNTS, {"customer_id": ref}).body)

    def measure(self, patience: Patience = UNHURRIED) -> float:
        """Sign in anew and ask for one customer; give the milliseconds that took."""
        began = time.monotonic()
        with self._lock:
            self._tokens = None
        self._get(CUSTOMERS, {"limit": 1, "offset": 0}, patience=patience)
        return (time.monotonic() - began) * 1000

    # -- how it is asked -----------------------------------------------------------------------------------------

    def _find(self, path: str, patience: Patience = UNHURRIED) -> Any | None:
        reply = self._get(path, {}, known_statuses=(200, 404), patience=patience)
        return None if reply.status == httpx.codes.NOT_FOUND else self._json(reply.body)

    def _list(self, body: bytes) -> list[Any]:
        answer = self._json(body)
        if not isinstance(answer, list):
            raise BssAnswerInvalid("Xiva should have answered with a list.")
        return answer

    def _get(
        self,
        path: str,
        params: Mapping[str, Any],
        known_statuses: tuple[int, ...] = (200,),
        *,
        patience: Patience = UNHURRIED,
    ) -> Reply:
        """Ask with a token, renewing it when it is refused."""
        for _ in range(RENEWALS_MAX + 1):
            token = self._token(patience)
            reply = self._persist("GET", path, params=params, token=token, patience=patience)
            if reply.status == httpx.codes.UNAUTHORIZED:
                self._renew(token, patience)
            elif reply.status not in known_statuses:
                raise BssAnswerInvalid(f"Xiva answered {reply.status} to {path}.")
            else:
                return reply
        raise BssCredentialsRefused("Xiva refuses even a token that it has just given.")

    def _persist(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Mapping[str, str] | None = None,
        token: str = "",
        patience: Patience = UNHURRIED,
    ) -> Reply:
        """Send through the breaker, again and again while that may help."""

        def once() -> Reply:
            return self._once(method, path, params, body, token, patience.read_s)

        try:
            return retrying(
                lambda: self._breaker.call(once),
                attempts_max=patience.attempts_max,
                sleep=lambda wait_s: self._sleep(min(wait_s, patience.total_s)),
                total_s=patience.total_s,
            )
        except BreakerOpen as fault:
            raise BssUnavailable("Xiva failed repeatedly and is left alone for a moment.") from fault
        except TryAgain as fault:
            raise BssUnavailable(f"Xiva does not answer: {fault}.") from fault

    def _once(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any] | None,
        body: Mapping[str, str] | None,
        token: str,
        read_s: float,
    ) -> Reply:
        """Send one request and read its answer within the limits of size and time."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        timeout = httpx.Timeout(read_s, connect=min(CONNECT_SECONDS, read_s))
        try:
            with self._http.stream(
                method, path, params=params, json=body, headers=headers, timeout=timeout
            ) as response:
                self._check_status(response)
                total = response.headers.get("X-Total-Count", "")
                return Reply(
                    status=response.status_code,
                    body=response.read(),
                    total=int(total) if total.isascii() and total.isdigit() and len(total) < 16 else None,
                )
        except egress.AnswerTooLarge as refusal:
            raise BssAnswerInvalid(f"Xiva's answer has more than {ANSWER_BYTES_MAX} bytes.") from refusal
        except (egress.HostUnknown, egress.TimeSpent, egress.AnswerUnreadable) as refusal:
            raise XivaDown(refusal.detail.rstrip(".")) from refusal
        except egress.EgressRefusal as refusal:
            raise BssNotConfigured(f"Xiva's address cannot be used: {refusal.detail}") from refusal
        except (httpx.TransportError, httpx.DecodingError) as fault:
            raise XivaDown(f"{type(fault).__name__} {fault}".strip()) from fault

    @staticmethod
    def _check_status(response: httpx.Response) -> None:
        if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
            asked = response.headers.get("Retry-After", "")
            raise TryAgain("it is called too fast", float(asked) if asked.isascii() and asked.isdigit() else None)
        if response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise XivaDown(f"it answered {response.status_code}")

    @staticmethod
    def _read(body: bytes, shape: type[Answer]) -> Answer:
        try:
            return msgspec.json.decode(body, type=shape)
        except (msgspec.DecodeError, RecursionError) as fault:
            raise BssAnswerInvalid(f"Xiva's answer is not what it promises: {str(fault)[:200]}.") from fault

    @staticmethod
    def _json(body: bytes) -> Any:
        try:
            return json.loads(body, parse_float=Decimal)
        except (ValueError, RecursionError) as fault:
            raise BssAnswerInvalid("Xiva's answer is not JSON.") from fault

    # -- tokens --------------------------------------------------------------------------------------------------

    def _token(self, patience: Patience) -> str:
        with self._lock:
            if self._tokens is None:
                self._tokens = self._sign_in(patience)
            return self._tokens.access

    def _renew(self, refused: str, patience: Patience) -> None:
        """Replace a token that was refused, unless another thread has done so already."""
        with self._lock:
            if self._tokens is None or self._tokens.access != refused:
                return
            held, self._tokens = self._tokens, None
            if held.refresh:
                reply = self._persist("POST", "/auth/token/refresh/", body={"refresh": held.refresh}, patience=patience)
                if reply.status == httpx.codes.OK:
                    fresh = self._read(reply.body, Tokens)
                    self._tokens = Tokens(access=fresh.access, refresh=fresh.refresh or held.refresh)
                    return
            self._tokens = self._sign_in(patience)

    def _sign_in(self, patience: Patience) -> Tokens:
        body = {"username": self._username, "password": self._password}
        reply = self._persist("POST", "/auth/token/", body=body, patience=patience)
        if reply.status != httpx.codes.OK:
            raise BssCredentialsRefused(f"Xiva answered {reply.status} to our sign-in.")
        return self._read(reply.body, Tokens)


class _Held:
    lock = threading.Lock()
    section: Section | None = None
    client: XivaClient | None = None


def configured_client() -> XivaClient:
    """Give the client to the configured Xiva; a new one as soon as the configuration is another.

    :raises BssNotConfigured: no address is set.
    """
    section = configuration.read("xiva")
    with _Held.lock:
        if _Held.client is None or _Held.section is not section:
            _Held.client = XivaClient(section["base_url"], section["username"], section["password"])
            # The one before may be in use by another thread; its connections go with it.
            _Held.section = section
        return _Held.client


def is_configured() -> bool:
    """Whether there is a Xiva to ask."""
    return bool(configuration.read("xiva")["base_url"])
