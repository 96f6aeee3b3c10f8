"""People of a seed number: any of them can be told at once, without making the others."""

import re
from collections.abc import Iterator

from loyalty.population.contracts import ExtraColumn, Person, PopulationDescription, RowProblem
from loyalty.population.policy import person_of

REF = re.compile(r"XV-(\d{8})")


class SyntheticPopulation:
    """People number 1 to n of a seed."""

    columns: tuple[ExtraColumn, ...] = ()
    problems: tuple[RowProblem, ...] = ()

    def __init__(self, description: PopulationDescription) -> None:
        self._description = description
        self.count = description.customers

    def people(self, offset: int = 0, limit: int | None = None) -> Iterator[Person]:
        """Give people from a place on."""
        end = self.count if limit is None else min(self.count, offset + limit)
        for number in range(offset + 1, end + 1):
            yield self._person(f"XV-{number:08d}")

    def find(self, ref: str) -> Person | None:
        """Find one by reference, or None."""
        fits = REF.fullmatch(ref)
        return self._person(ref) if fits and 1 <= int(fits.group(1)) <= self.count else None

    def _person(self, ref: str) -> Person:
        return person_of(ref, self._description.seed, self._description.as_of)
