"""Which of a campaign's offers each customer gets: a seam, so that a model may rank them later.

An offer is ``{code, title, text, segment?}``. A ranking says in SQL which place of the list a customer of an
audience gets.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

DEFAULT = "by_rule"


@dataclass(frozen=True, slots=True)
class Chosen:
    """The place of the chosen offer (from 0, or NULL) as an expression, with the joins and values that it needs.

    The joins follow on ``b`` (``b.customer_id``) and ``d``, the customer's row of ``customers_directory``.
    """

    place: str
    joins: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)


class Ranking(Protocol):
    """One way to choose."""

    kind: str

    def chosen(self, offers: Sequence[Mapping[str, Any]]) -> Chosen:
        """Say which of the offers each customer gets."""
        ...


class ByRule:
    """The first offer of the list whose segment the customer is in: the segment's rule says who may get it."""

    kind = "by_rule"

    def chosen(self, offers: Sequence[Mapping[str, Any]]) -> Chosen:
        """Ask one probe of one index for each offer before the one that fits."""
        cases, params = [], {}
        for place, offer in enumerate(offers):
            if not offer.get("segment"):
                cases.append(f"WHEN true THEN {place}")
                continue
            params[f"audience_offer_{place}"] = offer["segment"]
            cases.append(
                "WHEN segments_contains((SELECT g.segment_id FROM segments_directory g "
                f"WHERE g.public_id = %(audience_offer_{place})s::uuid), b.customer_id) THEN {place}"
            )
        return Chosen(f"CASE {' '.join(cases)} END", params=params)


class _Registry:
    rankings: dict[str, Ranking] = {}  # noqa: RUF012 - one registry for the process


def register(ranking: Ranking) -> None:
    """Add a way to choose."""
    _Registry.rankings[ranking.kind] = ranking


def kinds() -> list[str]:
    """Give the ways, in order."""
    return sorted(_Registry.rankings)


def get(kind: str) -> Ranking:
    """Give the way of a name."""
    return _Registry.rankings[kind]
