"""The facts of the platform itself: the domains that own them say here, when the platform starts, how they are read."""

import re
from collections.abc import Callable, Mapping

from loyalty.features.contracts import PlatformFacts
from loyalty.features.policy.labels import ARABIC, event_type_in
from loyalty.features.policy.labels import schema_in as schema_with
from loyalty.foundation.rules.contracts import EventType, Schema

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}\Z", re.ASCII)


class _Registry:
    groups: dict[str, PlatformFacts] = {}  # noqa: RUF012 - one registry for the process
    providers: dict[str, Callable[[], PlatformFacts]] = {}  # noqa: RUF012 - one registry for the process
    event_types: dict[str, EventType] = {}  # noqa: RUF012 - one registry for the process
    words: dict[str, dict[str, str]] = {"ar": dict(ARABIC)}  # noqa: RUF012 - one registry for the process


def register_platform_facts(facts: PlatformFacts) -> None:
    """Offer a group of facts to rules, segments and everyone who reads features.

    :raises ValueError: a name is no plain identifier, the group is registered otherwise already, or another group has a
        field of that name.
    """
    known = _Registry.groups.get(facts.group)
    if known is not None and known != facts:
        raise ValueError(f"Two groups of platform facts are called {facts.group}.")
    _take(facts)


def register_platform_provider(group: str, provider: Callable[[], PlatformFacts]) -> None:
    """Offer a group of facts whose fields are defined while the platform runs; asked again whenever they may be others.

    :raises ValueError: another provider gives a group of that name.
    """
    if _Registry.providers.get(group, provider) is not provider:
        raise ValueError(f"Two groups of platform facts are called {group}.")
    _Registry.providers[group] = provider


def refresh_provided() -> None:
    """Have those groups tell their fields anew."""
    for group, provider in _Registry.providers.items():
        facts = provider()
        if facts.fields:
            _take(facts)
        else:
            _Registry.groups.pop(group, None)


def _take(facts: PlatformFacts) -> None:
    names = [one.name for one in facts.fields]
    places = [one.place for one in facts.fields if facts.document]
    odd = [name for name in (facts.group, facts.relation, *names, *places) if not _NAME.match(name)]
    if odd or len(set(names)) != len(names):
        raise ValueError(f"The platform facts {facts.group!r} have a name that cannot be used: {odd or names}.")
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


def register_event_type(kind: EventType) -> None:
    """Let rules ask for a kind of event: its name in the event store, its label, and the fields of its data.

    The events of the kind are told with the customer's public id as their key.

    :raises ValueError: the kind is registered otherwise already.
    """
    if _Registry.event_types.get(kind.name, kind) != kind:
        raise ValueError(f"Two kinds of events are called {kind.name}.")
    _Registry.event_types[kind.name] = kind


def list_event_types(language: str = "en") -> tuple[EventType, ...]:
    """Give all kinds of events that rules may ask for, with labels in a language, by name."""
    words = words_in(language)
    return tuple(event_type_in(_Registry.event_types[name], words) for name in sorted(_Registry.event_types))


def find_event_type(name: str) -> EventType | None:
    """Find a kind of event, or None."""
    return _Registry.event_types.get(name)


def register_words(language: str, words: Mapping[str, str]) -> None:
    """Say the English texts of a domain's facts and events in another language (``ar``).

    :raises ValueError: a text has another translation already.
    """
    known = _Registry.words.setdefault(language, {})
    twice = sorted(text for text, said in words.items() if known.get(text, said) != said)
    if twice:
        raise ValueError(f"These texts have another translation already: {', '.join(twice)}.")
    known.update(words)


def words_in(language: str) -> Mapping[str, str]:
    """Give the translations of a language by English text; none for English and for what nobody speaks."""
    return _Registry.words.get(language, {})


def schema_in(schema: Schema, language: str) -> Schema:
    """Give a schema whose rules are said with the labels of a language."""
    words = words_in(language)
    return schema_with(schema, words) if words else schema
