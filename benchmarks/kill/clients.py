"""The clients: few members, many at once, keys of their own, the same key again after an unknown outcome.

What they were told stands in the acknowledgement log, a file outside the database, and in the ``Call`` objects.
"""

import http
import http.client
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.kill.contracts import World
from loyalty.config.launch.ports import LOOPBACK

API = "/api/loyalty/v1/"
CLIENTS = 8
TIMEOUT_S = 10.0
# After an unknown outcome; short, because the next process is there in milliseconds.
AGAIN_S = 0.02
# Of a hundred calls, so many repeat an answered one and so many are sent twice at once.
REPLAYS_OF_HUNDRED, TWINS_OF_HUNDRED = 15, 5
# Purchases of 40 days ago with points that live 30 days: due when they are posted.
LONG_AGO = timedelta(days=40)
FIXED_PATHS = {verb: f"services/points/{verb}/" for verb in ("transfer", "adjust", "hold")}
_ANSWERED, _REFUSED_FROM, _FAULT_FROM = 200, 400, 500
_THROTTLED = 429


@dataclass
class Call:
    """One intended effect: what is asked under one key, and what was answered first."""

    marker: str
    verb: str
    path: str
    body: dict[str, Any]
    status: int = 0
    answer: bytes = b""
    tries: int = 0
    # Later answers that differ from the first.
    changed: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def is_acknowledged(self) -> bool:
        """Whether the client was told that it is done."""
        return _ANSWERED <= self.status < _REFUSED_FROM

    @property
    def is_refused(self) -> bool:
        """Whether the client was told that it is not and will not be done."""
        return self.status >= _REFUSED_FROM

    @property
    def told(self) -> dict[str, Any]:
        """The answer as an object."""
        found = json.loads(self.answer) if self.answer else {}
        return found if isinstance(found, dict) else {}


class Clients:
    """All clients of one run."""

    def __init__(self, world: World, port: int, seed: int, log: Path, verbs: dict[str, "Maker"]) -> None:
        self.world, self.port, self.seed = world, port, seed
        self.calls: dict[str, Call] = {}
        self.replays = 0
        # How often each status came; 0 is an answer that never came.
        self.statuses: Counter[int] = Counter()
        self._log = log.open("a", buffering=1)
        self._lock = threading.Lock()
        self._verbs = dict(verbs)
        self._open = threading.Event()
        self._ended = threading.Event()
        self._twins: list[Call] = []
        self._busy = 0
        self._threads = [threading.Thread(target=self._play, args=(n,), daemon=True) for n in range(CLIENTS)]
        for thread in self._threads:
            thread.start()

    @property
    def answered(self) -> int:
        """How many answers came, of any kind but faults."""
        return sum(number for status, number in list(self.statuses.items()) if _ANSWERED <= status < _FAULT_FROM)

    def leave_out_unknown(self) -> None:
        """Leave out the verbs that the platform at this address does not know."""
        for verb, path in FIXED_PATHS.items():
            status, _ = self._send(Call("probe", verb, path, {}))
            if status == http.HTTPStatus.NOT_FOUND:
                for left_out in (verb, *(("capture", "release") if verb == "hold" else ())):
                    self._verbs.pop(left_out, None)

    def begin(self) -> None:
        """Let them play."""
        self._open.set()

    def pause(self, timeout_s: float) -> bool:
        """Let them finish what they began, without beginning anew; tell whether they did."""
        self._open.clear()
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            with self._lock:
                if self._busy == 0 and not self._twins:
                    return True
            self._ended.wait(0.01)
        return False

    def end(self) -> None:
        """Stop for good."""
        self._ended.set()
        self._open.set()
        for thread in self._threads:
            thread.join(TIMEOUT_S * 2)
        self._log.close()

    def replay_all(self, limit: int) -> None:
        """Repeat answered calls, the newest first, and compare."""
        with self._lock:
            done = [call for call in self.calls.values() if call.is_acknowledged][-limit:]
        for call in done:
            self._replay(call)

    def acknowledged(self, *verbs: str) -> list[Call]:
        """Give the calls of these verbs that were acknowledged."""
        with self._lock:
            return [c for c in self.calls.values() if c.is_acknowledged and c.verb in verbs]

    def _play(self, number: int) -> None:
        chance = random.Random(f"{self.seed} client {number}")
        made = 0
        while not self._ended.is_set():
            if not self._open.wait(0.05) and not self._twins:
                continue
            if self._ended.is_set():
                return
            with self._lock:
                self._busy += 1
                twin = self._twins.pop() if self._twins else None
            try:
                if twin is not None:
                    self._settle(twin)
                elif self._open.is_set():
                    made += 1
                    self._act(chance, f"{self.seed}-{number}-{made}")
            finally:
                with self._lock:
                    self._busy -= 1

    def _act(self, chance: random.Random, marker: str) -> None:
        drawn = chance.randrange(100)
        if drawn < REPLAYS_OF_HUNDRED and self.calls:
            with self._lock:
                call = chance.choice(list(self.calls.values())[-400:])
            if call.is_acknowledged:
                self._replay(call)
            return
        names = list(self._verbs)
        verb = chance.choices(names, [self._verbs[name].weight for name in names])[0]
        asked = self._verbs[verb].make(chance, marker, self)
        if asked is None:
            return
        call = Call(marker, verb, *asked)
        with self._lock:
            self.calls[marker] = call
            if drawn >= 100 - TWINS_OF_HUNDRED:
                self._twins.append(call)
        self._note("asked", call)
        self._settle(call)

    def _settle(self, call: Call) -> None:
        """Send until it is answered."""
        while not self._ended.is_set():
            status, answer = self._send(call)
            if self._take(call, status, answer):
                return
            self._ended.wait(AGAIN_S)

    def _replay(self, call: Call) -> None:
        for _ in range(200):
            status, answer = self._send(call)
            if self._take(call, status, answer):
                with self._lock:
                    self.replays += 1
                return
            if self._ended.wait(AGAIN_S):
                return

    def _take(self, call: Call, status: int, answer: bytes) -> bool:
        """Keep an answer, or compare it with the first; False when the outcome is unknown."""
        self.statuses[status] += 1
        if status == 0 or status >= _FAULT_FROM or status == _THROTTLED:
            if status == _FAULT_FROM:
                call.faults.append(answer[:200].decode(errors="replace"))
            return False
        with self._lock:
            # A refusal leaves the key free: a twin of it may still be lucky, and that is then the answer.
            if not call.status or (call.is_refused and status < _REFUSED_FROM):
                call.status, call.answer = status, answer
                self._note("answered", call)
            elif not _is_same(call, status, answer):
                call.changed.append(
                    f"{call.verb} {call.marker}: {call.status} {call.answer[:300]!r} then {status} {answer[:300]!r}"
                )
        return True

    def _send(self, call: Call) -> tuple[int, bytes]:
        call.tries += 1
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=TIMEOUT_S)
        try:
            connection.request(
                "POST",
                API + call.path,
                json.dumps(call.body),
                {
                    "Authorization": f"Bearer {self.world.token}",
                    "Content-Type": "application/json",
                    "Idempotency-Key": call.marker,
                },
            )
            answer = connection.getresponse()
            # A server that died while it wrote the head leaves an answer without a length, which is none.
            if answer.getheader("Content-Length") is None:
                return 0, b""
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            return 0, b""
        finally:
            connection.close()

    def _note(self, what: str, call: Call) -> None:
        told = {"at": time.time(), "what": what, "key": call.marker, "verb": call.verb}
        if what == "asked":
            told["body"] = call.body
        else:
            told |= {"status": call.status, "answer": call.answer.decode(errors="replace")}
        with suppress(ValueError):
            self._log.write(json.dumps(told) + "\n")


def _is_same(call: Call, status: int, answer: bytes) -> bool:
    if call.verb == "purchase":
        # A second delivery is lawfully told as a duplicate.
        return status == call.status
    if call.is_refused:
        return True
    return _ANSWERED <= status < _REFUSED_FROM and answer == call.answer


Asked = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Maker:
    """How often a verb is asked, and what it asks."""

    weight: int
    make: Callable[[random.Random, str, Clients], Asked | None]


def _account(chance: random.Random, clients: Clients) -> str:
    return chance.choice(clients.world.account_ids)


def _earn(chance: random.Random, marker: str, clients: Clients) -> Asked:
    body = {
        "account_id": _account(chance, clients), "transaction_amount": str(chance.randint(100, 2000)),
        "currency": "USD", "transaction_context": {"description": marker},
    }  # fmt: skip
    return "services/points/earn/", body


def _earn_direct(chance: random.Random, marker: str, clients: Clients) -> Asked:
    body: dict[str, Any] = {
        "account_id": _account(chance, clients), "points": chance.randint(1, 60),
        "transaction_context": {"description": marker},
    }  # fmt: skip
    if chance.random() < 0.25:
        body["occurred_at"] = (datetime.now(UTC) - LONG_AGO).isoformat()
    return "services/points/earn/", body


def _burn(chance: random.Random, marker: str, clients: Clients) -> Asked:
    body = {
        "account_id": _account(chance, clients), "points": chance.randint(5, 120),
        "transaction_context": {"description": marker},
    }  # fmt: skip
    return "services/points/burn/", body


def _reverse(chance: random.Random, marker: str, clients: Clients) -> Asked | None:
    done = clients.acknowledged("earn", "earn_direct", "burn", "transfer", "adjust")[-60:]
    found = [call.told.get("transaction_id") for call in done]
    ids = [one for one in found if one]
    if not ids:
        return None
    body: dict[str, Any] = {"transaction_id": chance.choice(ids), "reason": marker}
    if chance.random() < 0.3:
        body["points"] = chance.randint(1, 20)
    return "services/points/reverse/", body


def _purchase(chance: random.Random, marker: str, clients: Clients) -> Asked:
    event = {
        "event_id": marker, "event_type": "customer.purchase",
        "customer_ref": chance.choice(clients.world.customer_refs), "occurred_at": datetime.now(UTC).isoformat(),
        "event_data": {"amount": chance.randint(100, 900), "currency": "USD", "description": marker},
    }  # fmt: skip
    # Some senders repeat an event within one delivery.
    return "webhooks/customer-events/", {"events": [event] * chance.choice((1, 1, 1, 2))}


def _transfer(chance: random.Random, marker: str, clients: Clients) -> Asked:
    one, other = chance.sample(clients.world.account_ids, 2)
    body = {"from_account_id": one, "to_account_id": other, "points": chance.randint(1, 60), "reason": marker}
    return "services/points/transfer/", body


def _adjust(chance: random.Random, marker: str, clients: Clients) -> Asked:
    body = {
        "account_id": _account(chance, clients), "points": chance.choice((-1, 1)) * chance.randint(1, 40),
        "reason_code": "goodwill", "reason": marker,
    }  # fmt: skip
    return "services/points/adjust/", body


def _hold(chance: random.Random, marker: str, clients: Clients) -> Asked:
    body = {
        "account_id": _account(chance, clients), "points": chance.randint(1, 50), "expires_in_minutes": 60,
        "reason": marker,
    }  # fmt: skip
    return "services/points/hold/", body


def _end_hold(act: str) -> "Callable[[random.Random, str, Clients], Asked | None]":
    def make(chance: random.Random, marker: str, clients: Clients) -> Asked | None:
        # Two may well be asked to end the same hold: one of them is refused.
        held = [str(call.told["hold_id"]) for call in clients.acknowledged("hold")[-12:]]
        if not held:
            return None
        body: dict[str, Any] = {"reason": marker}
        if act == "capture":
            body["transaction_context"] = {"description": marker}
        return f"services/points/hold/{chance.choice(held)}/{act}/", body

    return make


VERBS: dict[str, Maker] = {
    "earn": Maker(28, _earn),
    "earn_direct": Maker(18, _earn_direct),
    "burn": Maker(18, _burn),
    "reverse": Maker(10, _reverse),
    "purchase": Maker(14, _purchase),
    "transfer": Maker(12, _transfer),
    "adjust": Maker(6, _adjust),
    "hold": Maker(10, _hold),
    "capture": Maker(6, _end_hold("capture")),
    "release": Maker(4, _end_hold("release")),
}
