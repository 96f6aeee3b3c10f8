"""The facts of the platform itself: the domains that own them say here, when the platform starts, how they are read."""

import re

from loyalty.features.contracts import PlatformFacts

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}\Z", re.ASCII)


class _Registry:
    groups: dict[str, PlatformFacts] = {}  # noqa: RUF012 - one registry for the process


def register_platform_facts(facts: PlatformFacts) -> None:
    """Offer a group of facts to rules, segments and everyone who reads features.

    :raises ValueError: a name is no plain identifier, the group is registered otherwise already, or another group has a
        field of that name.
    """
    names = [one.name for one in facts.fields]
    odd = [name for name in (facts.group, facts.relation, *names) if not _NAME.match(name)]
    if odd or len(set(names)) != len(names):
        raise ValueError(f"The platform facts {facts.group!r} have a name that cannot be used: {odd or names}.")
    known = _Registry.groups.get(facts.group)
    if known is not None and known != facts:
        raise ValueError(f"Two groups of platform facts are called {facts.group}.")
    taken = {one.name for group in _Registry.groups.values() if group.group != facts.group for one in group.fields}
    if taken & set(names):
        raise ValueError(f"The platform facts {sorted(taken & set(names))} exist in another group.")
    _Registry.groups[facts.group] = facts


def list_platform_facts() -> list[PlatformFacts]:
    """Give all groups, by name."""
    return [_Registry.groups[name] for name in sorted(_Registry.groups)]


def find_platform_facts(group: str) -> PlatformFacts | None:
    """Find a group, or None."""
    return _Registry.groups.get(group)
