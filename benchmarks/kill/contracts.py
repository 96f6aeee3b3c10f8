"""What the parts of the harness tell each other."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# Where a process kind's failpoints are, by the area in front of the point's name; every other area is the web's.
AREAS = {
    "relay": "relay", "delivery": "worker", "expire": "worker", "purchase": "worker", "tiers": "worker",
    "activation": "worker",
}  # fmt: skip
FAULT_POINT = "fault.between_commits"
# Whose second commit a planted fault has, so that they can die before it.
FAULT_KINDS = {
    "split_commit": ("web", "worker"), "event_after_commit": ("web", "worker"), "relay_marks_first": ("relay",),
}  # fmt: skip


def kind_of(point: str) -> str:
    """Give the kind of process that passes a point."""
    return AREAS.get(point.partition(".")[0], "web")


@dataclass(frozen=True)
class Nursery:
    """How a nursery is to work: which processes, where they listen, how they die, and which fault they carry."""

    seed: int
    port: int
    population: dict[str, int]
    points: tuple[str, ...]
    folder: str
    fault: str = ""
    # A process that reaches no failpoint dies after a time drawn from this range.
    life_s: tuple[float, float] = (0.1, 1.5)
    # … or when it has used so much processor time, which is some requests' worth.
    work_s: tuple[float, float] = (0.02, 0.2)

    @property
    def deaths(self) -> Path:
        """The file with one line for each death at a failpoint."""
        return Path(self.folder) / "failpoints.log"

    @property
    def delivered(self) -> Path:
        """The file of the sink: one line for each delivery of an event, outside the database."""
        return Path(self.folder) / "delivered.log"

    @property
    def proof(self) -> Path:
        """The file with the results of the invariants."""
        return Path(self.folder) / "proof.json"

    def dump(self) -> str:
        """Give it as one argument of a command line."""
        return json.dumps(self.__dict__)

    @classmethod
    def load(cls, text: str) -> "Nursery":
        """Read it back."""
        values = json.loads(text)
        pairs = {name: tuple(values[name]) for name in ("points", "life_s", "work_s")}
        return cls(**{**values, **pairs})


@dataclass(frozen=True)
class World:
    """What the clients play with."""

    token: str
    program_id: str
    account_ids: tuple[str, ...]
    customer_refs: tuple[str, ...]

    @classmethod
    def load(cls, path: Path) -> "World":
        """Read it from the file that ``benchmarks.kill.world`` wrote."""
        values: dict[str, Any] = json.loads(path.read_text())
        return cls(values["token"], values["program_id"], tuple(values["account_ids"]), tuple(values["customer_refs"]))


@dataclass
class Finding:
    """Something an oracle saw that must never be."""

    oracle: str
    what: str
    number: int
    examples: Sequence[str] = ()

    def __str__(self) -> str:
        shown = "; ".join(str(one) for one in list(self.examples)[:3])
        return f"{self.oracle}: {self.what} {self.number}" + (f" ({shown})" if shown else "")


@dataclass
class Tally:
    """What was counted in one run."""

    rounds: int = 0
    storm_s: float = 0.0
    killed: dict[str, int] = field(default_factory=dict)
    points: dict[str, int] = field(default_factory=dict)
    sql_points: dict[str, int] = field(default_factory=dict)
    database_stops: int = 0
    backends_terminated: int = 0
    drained_s: list[float] = field(default_factory=list)
    keys: dict[str, int] = field(default_factory=dict)
    replays: int = 0
    statuses: dict[str, int] = field(default_factory=dict)
    events_delivered: int = 0
    deliveries_repeated: int = 0
    out_of_order: int = 0
    invariants: int = 0

    @property
    def kills(self) -> int:
        """All processes killed."""
        return sum(self.killed.values())
