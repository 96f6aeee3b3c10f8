"""What may hurt a text on its way: filters, cuts, costs. A channel that registers no lint finds nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from loyalty.delivery.contracts import Finding, Rendered


@dataclass(frozen=True, slots=True)
class Linted:
    """The findings on a text, worst first, and its figures."""

    findings: tuple[Finding, ...] = ()
    figures: Mapping[str, int | str] = field(default_factory=dict)


# The parts as written, and as one customer gets them.
Lint = Callable[[Mapping[str, str], Rendered], Linted]


class _Registry:
    lints: dict[str, Lint] = {}  # noqa: RUF012 - one registry for the process


def register(channel: str, lint: Lint) -> None:
    """Have the texts of a channel looked at."""
    _Registry.lints[channel] = lint


def look_at(channel: str, parts: Mapping[str, str], rendered: Rendered) -> Linted:
    """Look at a text of a channel."""
    lint = _Registry.lints.get(channel)
    return lint(parts, rendered) if lint else Linted(figures={"characters": len(rendered.text)})
