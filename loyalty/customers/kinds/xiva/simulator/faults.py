"""Faults on request: the simulated Xiva fails, slows down, refuses and forgets tokens just as told."""

import threading
from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass(slots=True)
class Faults:
    """What goes wrong next; every ``…_next`` counts down with each request.

    ``fail_next`` answers 500, ``too_many_next`` 429 with ``retry_after_s``, ``drop_next`` breaks the connection,
    ``garbage_next`` answers something that is no JSON, ``wrong_shape_next`` JSON of another shape, ``huge_next`` more
    than anybody should read, ``delay_ms`` slows every answer, ``requests_per_second`` bounds the pace (0: no bound),
    ``token_seconds`` is how long a token lives, ``no_batch`` 1 makes a Xiva that is asked customer by customer only.
    """

    fail_next: int = 0
    too_many_next: int = 0
    retry_after_s: int = 1
    drop_next: int = 0
    garbage_next: int = 0
    wrong_shape_next: int = 0
    huge_next: int = 0
    delay_ms: int = 0
    requests_per_second: int = 0
    token_seconds: int = 300
    no_batch: int = 0


class FaultDesk:
    """Takes orders for faults, and hands them out one request at a time."""

    def __init__(self, faults: Faults | None = None) -> None:
        self._lock = threading.Lock()
        self._defaults = faults or Faults()
        self.faults = Faults(**asdict(self._defaults))
        # Tokens of an older generation count as expired.
        self.generation = 0
        self.counts: dict[str, int] = {}

    def order(self, body: dict[str, Any]) -> dict[str, Any]:
        """Take an order: any field of ``Faults``, ``expire_tokens`` and ``clear``; give the state.

        :raises ValueError: an unknown name or a value that is no whole number from 0.
        """
        names = {one.name for one in fields(Faults)}
        with self._lock:
            if body.get("clear"):
                self.faults = Faults(**asdict(self._defaults))
                self.counts.clear()
            if body.get("expire_tokens"):
                self.generation += 1
            for name, value in body.items():
                if name in ("clear", "expire_tokens"):
                    continue
                if name not in names or isinstance(value, bool) or not isinstance(value, int) or value < 0:
                    raise ValueError(f"{name} is not a fault, or its value is no whole number from 0.")
                setattr(self.faults, name, value)
            return self._state()

    def state(self) -> dict[str, Any]:
        """Give what is ordered and how often each kind of answer was given."""
        with self._lock:
            return self._state()

    def _state(self) -> dict[str, Any]:
        return {**asdict(self.faults), "token_generation": self.generation, "counts": dict(self.counts)}

    def take(self) -> str:
        """Give the name of the fault for this request, or nothing."""
        with self._lock:
            for name in ("drop_next", "fail_next", "too_many_next", "garbage_next", "wrong_shape_next", "huge_next"):
                left = getattr(self.faults, name)
                if left:
                    setattr(self.faults, name, left - 1)
                    return name.removesuffix("_next")
            return ""

    def count(self, what: str) -> None:
        """Note one answer of a kind."""
        with self._lock:
            self.counts[what] = self.counts.get(what, 0) + 1
