"""People whose references are given, for example the customers that the platform already knows."""

from collections.abc import Iterator, Sequence

from loyalty.population.contracts import ExtraColumn, Person, PopulationDescription, RowProblem
from loyalty.population.policy import person_of


class ListedPopulation:
    """The people of these references; whatever else is known of them is drawn from the seed."""

    columns: tuple[ExtraColumn, ...] = ()
    problems: tuple[RowProblem, ...] = ()

    def __init__(self, refs: Sequence[str], description: PopulationDescription) -> None:
        self._refs = list(dict.fromkeys(refs))
        self._known = frozenset(self._refs)
        self._description = description
        self.count = len(self._refs)

    def people(self, offset: int = 0, limit: int | None = None) -> Iterator[Person]:
        """Give people from a place on."""
        for ref in self._refs[offset : None if limit is None else offset + limit]:
            yield self._person(ref)

    def find(self, ref: str) -> Person | None:
        """Find one by reference, or None."""
        return self._person(ref) if ref in self._known else None

    def _person(self, ref: str) -> Person:
        return person_of(ref, self._description.seed, self._description.as_of)
