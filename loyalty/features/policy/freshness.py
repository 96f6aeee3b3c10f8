"""What a remembered answer is still worth: fresh, near its end, or only good to stand in for a source that is down."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from loyalty.features.contracts import Degradation

# Above 1 answers are renewed earlier than their cost alone asks for; 1 is the value of the paper.
EAGERNESS = 1.0


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a source did not answer, or not as the catalogue promises."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a source said of a customer: values by field, or None when it knows no such customer.

    ``as_of`` is the instant up to which the values tell of the customer (None: the source does not say);
    ``took_s`` is what asking cost; an answer of another ``generation`` is old whatever its age; ``troubles`` are values
    that were left out.
    """

    values: Mapping[str, Any] | None
    fetched_at: datetime
    as_of: datetime | None = None
    took_s: float = 0.0
    generation: str = ""
    troubles: tuple[Trouble, ...] = ()


def age_of(answer: Answer, now: datetime) -> int:
    """Give the age of what an answer tells, in whole seconds."""
    return max(0, int((now - (answer.as_of or answer.fetched_at)).total_seconds()))


def is_fresh(answer: Answer, generation: str, now: datetime, cache_seconds: int) -> bool:
    """Tell whether an answer may be used as if it had just been given."""
    return answer.generation == generation and (now - answer.fetched_at).total_seconds() < cache_seconds


def is_near_its_end(answer: Answer, now: datetime, cache_seconds: int, draw: float) -> bool:
    """Tell whether this reader should renew a fresh answer before it ends, so that not all do when it has.

    The nearer the end and the dearer the answer, the likelier: A. Vattani, F. Chierichetti, K. Lowenstein, "Optimal
    Probabilistic Cache Stampede Prevention", PVLDB 8(8), 2015 (XFetch).

    :param draw: a uniform draw from (0, 1].
    """
    age_s = (now - answer.fetched_at).total_seconds()
    return age_s - answer.took_s * EAGERNESS * math.log(draw) >= cache_seconds


def degradation_of(source: str, trouble: Trouble, stand_in: Answer | None, now: datetime) -> Degradation:
    """Say that a source is in trouble, and how old what stands in for it is."""
    if stand_in is None or stand_in.values is None:
        return Degradation(source, trouble.code, trouble.reason)
    as_of = stand_in.as_of or stand_in.fetched_at
    return Degradation(source, trouble.code, trouble.reason, as_of, age_of(stand_in, now))
