"""Earn modifiers: upper domains add to what a purchase earns; filled when the platform starts."""

from loyalty.points.contracts import EarnModifier


class _Registry:
    modifiers: dict[str, EarnModifier] = {}  # noqa: RUF012 - one registry for the process


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
