"""Calls the platform over HTTP and keeps the list of checks."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from loyalty.foundation.resilience import egress

# What is rung by a doorbell happens in well under a second; the beat rings every few seconds in any case.
POLL_SECONDS = 0.2
WAIT_SECONDS_MAX = 600.0
ANSWER_BYTES_MAX = 500_000_000


@dataclass(slots=True)
class Caller:
    """A signed-in program, the sentences it says, and what it found wrong."""

    base_url: str
    token: str
    say: Callable[[str], None]
    failures: list[str] = field(default_factory=list)
    checks: int = 0
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        """Open the connection that all calls share."""
        self.http = egress.client(
            "demo",
            base_url=f"{self.base_url}/api/loyalty/v1/",
            headers={"Authorization": f"Bearer {self.token}"},
            read_s=WAIT_SECONDS_MAX,
            total_s=WAIT_SECONDS_MAX,
            bytes_max=ANSWER_BYTES_MAX,
        )

    def get(self, path: str, **params: Any) -> Any:
        """Read, and refuse to go on when the platform refuses."""
        answer = self.http.get(path, params=params or None)
        answer.raise_for_status()
        return answer.json()

    def post(self, path: str, body: Any = None, *, key: str | None = None) -> httpx.Response:
        """Write; the caller looks at the status."""
        headers = {"Idempotency-Key": key} if key else {}
        return self.http.post(path, json=body if body is not None else {}, headers=headers)

    def make(self, path: str, body: Any) -> Any:
        """Create something that must come into being."""
        answer = self.post(path, body)
        if answer.is_error:
            raise RuntimeError(f"{path} answered {answer.status_code}: {answer.text[:500]}")
        return answer.json()

    def check(self, what: str, holds: bool, found: object = "") -> None:
        """Count one check; one that does not hold makes the whole job fail."""
        self.checks += 1
        if not holds:
            self.failures.append(what)
            self.say(f"NOT AS IT SHOULD BE: {what} {found}")

    def await_run(self, run: dict[str, Any]) -> dict[str, Any]:
        """Wait for a run to end and give it."""
        ended: dict[str, Any] = self.until(
            f"{run['kind']} to end",
            lambda: self.get(f"runs/{run['id']}/"),
            lambda seen: seen["status"] in ("SUCCEEDED", "FAILED", "CANCELLED"),
        )
        return ended

    def until(self, what: str, look: Callable[[], Any], is_there: Callable[[Any], bool]) -> Any:
        """Look again until it is there.

        :raises TimeoutError: it did not come.
        """
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        while True:
            seen = look()
            if is_there(seen):
                return seen
            if time.monotonic() > deadline:
                raise TimeoutError(f"waited {WAIT_SECONDS_MAX:.0f} s for {what}; last seen: {str(seen)[:500]}")
            time.sleep(POLL_SECONDS)


def fresh_key(act: str) -> str:
    """Give an idempotency key that no other call has."""
    return f"demo-{act}-{secrets.token_hex(8)}"
