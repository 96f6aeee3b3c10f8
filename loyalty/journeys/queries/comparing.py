"""Two graphs of a journey compared."""

from typing import Any

from loyalty.journeys.models import Journey
from loyalty.journeys.policy.diff import compare
from loyalty.journeys.policy.graph import parse
from loyalty.journeys.queries.journeys import get_version


def compare_graphs(journey: Journey, *, before: int | None, after: int | None) -> dict[str, Any]:
    """Give what is different between two versions; None stands for the draft.

    :raises VersionNotFound: there is no version of a number.
    """
    graphs = [journey.draft if one is None else get_version(journey, one).graph for one in (before, after)]
    return compare(parse(graphs[0]), parse(graphs[1]))
