"""Every route of the platform as the URL configuration has it, and addresses that lead to it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from loyalty.foundation.web.scoping import NAMED

METHODS = ("get", "post", "put", "patch", "delete")
NOWHERE = "019d0000-0000-7000-8000-00000000dead"


@dataclass(frozen=True)
class Route:
    """One address with the view behind it; ``actions`` maps each method that it answers to the name of its handler."""

    address: str
    view: Any
    callback: Any
    actions: tuple[tuple[str, str], ...]

    @property
    def handlers(self) -> Mapping[str, str]:
        """The handler of each method."""
        return dict(self.actions)

    @property
    def kwargs(self) -> tuple[str, ...]:
        """The names in the address."""
        return tuple(re.findall(r"\{(\w+)\}", self.address))

    def permission(self, method: str) -> str | None:
        """The permission that the view declares for a method."""
        found: str | None = self.view.permissions.get(self.handlers[method])
        return found

    @property
    def scoped_by(self) -> Mapping[str, Any]:
        """The dimensions by which a caller with bounds is kept within them."""
        found: Mapping[str, Any] = self.view.scoped_by
        return found

    @property
    def scoped_names(self) -> Mapping[str, str]:
        """By which names the route finds what it is about."""
        found: Mapping[str, str] = self.view.scoped_names
        return found

    def finds_rows(self, method: str) -> bool:
        """Whether a column narrows what the route finds: a list, or an object by its address."""
        has_column = any(path != NAMED for path in self.scoped_by.values())
        is_set = hasattr(self.view, "lookup_url_kwarg")
        return has_column and is_set and (self.handlers[method] == "list" or "id" in self.kwargs)

    def path(self, **values: str) -> str:
        """Give the path with values for its names; a name without one leads nowhere."""
        told = {name: values.get(name, PLAIN.get(name, NOWHERE)) for name in self.kwargs}
        return "/" + self.address.format(**told)


# Names in addresses that are no ids of rows.
PLAIN = {"number": "1", "name": "x", "section": "xiva", "kind": "x"}


def walk(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Give every pattern with its callback."""
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from walk(entry, prefix + str(entry.pattern))
        elif isinstance(entry, URLPattern):
            yield prefix + str(entry.pattern), entry.callback


def address_of(pattern: str) -> str:
    """Give a pattern of either kind with its names in braces."""
    text = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", pattern)
    while found := re.search(r"\(\?P\{(\w+)\}", text):
        depth, end = 1, found.end()
        while depth:
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            end += 1
        text = text[: found.start()] + "{" + found[1] + "}" + text[end:]
    return text.replace("^", "").replace("$", "").replace(r"\Z", "").replace("\\", "")


def actions_of(view: Any, callback: Any) -> tuple[tuple[str, str], ...]:
    """Give which handler answers which method."""
    told: Mapping[str, str] = getattr(callback, "actions", None) or {}
    if told:
        return tuple(sorted((method, name) for method, name in told.items() if method in METHODS))
    return tuple((method, method) for method in METHODS if hasattr(view, method))


@cache
def list_routes() -> tuple[Route, ...]:
    """Give every route of ours."""
    found = []
    for pattern, callback in walk(get_resolver()):
        view = getattr(callback, "cls", None)
        if view is None or not view.__module__.startswith("loyalty."):
            continue
        found.append(Route(address_of(pattern), view, callback, actions_of(view, callback)))
    assert found, "no routes found"
    return tuple(sorted(found, key=lambda route: route.address))
