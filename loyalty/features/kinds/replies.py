"""What a source gives back when it is asked for several customers."""

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from loyalty.features.policy import Answer, Trouble
from loyalty.foundation.kernel.errors import Refusal


@dataclass(slots=True)
class Reply:
    """Answers by customer (with None as their values for whom the source does not know).

    Whoever is not among them could not be asked for, as ``troubles`` says.
    """

    answers: dict[uuid.UUID, Answer] = field(default_factory=dict)
    troubles: dict[uuid.UUID, Trouble] = field(default_factory=dict)


Ask = Callable[[Sequence[uuid.UUID]], Reply]


def silence(wanted: Iterable[uuid.UUID], refusal: Refusal) -> Reply:
    """Give the reply of a source that could not be asked at all."""
    return Reply(troubles=dict.fromkeys(wanted, Trouble(refusal.code, refusal.detail)))


def misfits(source: str, names: Iterable[str]) -> tuple[Trouble, ...]:
    """Say which fields came in another type than the catalogue tells, so that their values were left out."""
    told = ", ".join(sorted(names)[:5])
    return (
        (Trouble("features.value_refused", f"{source} gives another type than the catalogue for {told}."),)
        if told
        else ()
    )
