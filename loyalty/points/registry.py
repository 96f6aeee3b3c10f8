"""What upper domains tell points: earn modifiers, facts about members, tiers of the past; filled when we start."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from loyalty.points.contracts import EarnModifier, MemberFactsProvider, TierHistory


class _Registry:
    modifiers: dict[str, EarnModifier] = {}  # noqa: RUF012 - one registry for the process
    member_facts: dict[str, MemberFactsProvider] = {}  # noqa: RUF012
    tier_history: TierHistory | None = None


def register_earn_modifier(name: str, modifier: EarnModifier) -> None:
    """Have a modifier asked for each purchase; modifiers are asked in order of their names.

    :raises ValueError: another modifier has that name.
    """
    if _Registry.modifiers.get(name, modifier) is not modifier:
        raise ValueError(f"Two earn modifiers are called {name}.")
    _Registry.modifiers[name] = modifier


def forget_earn_modifier(name: str) -> None:
    """Take a modifier out again."""
    _Registry.modifiers.pop(name, None)


def earn_modifiers() -> list[EarnModifier]:
    """Give the modifiers in order of their names."""
    return [_Registry.modifiers[name] for name in sorted(_Registry.modifiers)]


def register_member_facts(name: str, provider: MemberFactsProvider) -> None:
    """Have a provider asked for one fact about members, under the fact's name, where a rule reads it.

    :raises ValueError: another provider has that name.
    """
    if _Registry.member_facts.get(name, provider) is not provider:
        raise ValueError(f"Two providers of member facts are called {name}.")
    _Registry.member_facts[name] = provider


def forget_member_facts(name: str) -> None:
    """Take a provider out again."""
    _Registry.member_facts.pop(name, None)


def list_member_facts(name: str, customer_ids: Sequence[uuid.UUID], at: datetime) -> Mapping[uuid.UUID, Any]:
    """Give a fact about many customers; empty when nobody provides it."""
    provider = _Registry.member_facts.get(name)
    return provider(customer_ids, at) if provider and customer_ids else {}


def register_tier_history(provider: TierHistory | None) -> None:
    """Have a provider asked which tier a member had at an instant of the past; None takes it out."""
    _Registry.tier_history = provider


def list_tiers_at(account_ids: Sequence[uuid.UUID], at: datetime) -> Mapping[uuid.UUID, tuple[str, str] | None]:
    """Give code and name of the tiers in force at an instant; accounts that nobody knows are left out."""
    provider = _Registry.tier_history
    return provider(account_ids, at) if provider and account_ids else {}
