"""Which handler wants which facts; filled when the platform starts."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any, Protocol

from loyalty.foundation.events.contracts import Handler, SetHandler, Subscription
from loyalty.foundation.kernel.actor import Actor


class Intake(Protocol):
    """Takes events of other systems in."""

    def __call__(
        self, *, raw: Sequence[Any], source: str, actor: Actor, now: datetime, is_allowed: Callable[[str], bool]
    ) -> Any:
        """Take them in; give how many were new, how many known, and which were refused."""
        ...


class _Registry:
    intake: Intake | None = None
    subscriptions: dict[str, Subscription] = {}  # noqa: RUF012 - one registry for the process
    doorbells: dict[str, Callable[[], bool]] = {}  # noqa: RUF012 - one registry for the process
    readers: dict[str, Callable[[], int]] = {}  # noqa: RUF012 - one registry for the process


def subscribe(
    event_type: str,
    *,
    name: str,
    handler: Handler,
    is_wanted: Callable[[str], bool] | None = None,
    rank: int = 0,
    take_set: SetHandler | None = None,
) -> None:
    """Have a handler called for each fact of a type; the same name may subscribe to one type only.

    :param is_wanted: asked in each relay round; False leaves the facts of that round out for this handler.
    :param rank: a handler with a higher rank hears of a fact when all lower ones have taken it in or given up.
    :param take_set: takes in several facts at once, with the same effect as one after another.
    :raises ValueError: the name is taken by another type.
    """
    known = _Registry.subscriptions.get(name)
    if known is not None and known.event_type != event_type:
        raise ValueError(f"The handler name {name} already serves {known.event_type}.")
    _Registry.subscriptions[name] = Subscription(
        event_type=event_type, name=name, handler=handler, is_wanted=is_wanted, rank=rank, take_set=take_set
    )


def subscribe_to_each(
    list_types: Callable[[], Collection[str]],
    *,
    name: str,
    handler: Handler,
    rank: int = 0,
    take_set: SetHandler | None = None,
) -> None:
    """Have a handler called for facts of the types that ``list_types`` gives, asked anew in each relay round.

    :param take_set: takes in several facts at once, with the same effect as one after another.
    :raises ValueError: the name is taken by a subscription to one type.
    """
    known = _Registry.subscriptions.get(name)
    if known is not None and known.list_types is None:
        raise ValueError(f"The handler name {name} already serves {known.event_type}.")
    _Registry.subscriptions[name] = Subscription(
        event_type="", name=name, handler=handler, rank=rank, list_types=list_types, take_set=take_set
    )


def ring_after_facts(
    task_name: str, *, is_wanted: Callable[[], bool], read_until: Callable[[], int] | None = None
) -> None:
    """Have a doorbell rung after every round in which facts were read, for who reads the store in sets by itself.

    :param is_wanted: asked after each such round.
    :param read_until: gives the position up to which it has read; no fact behind it is dropped while it is wanted.
    """
    _Registry.doorbells[task_name] = is_wanted
    if read_until is not None:
        _Registry.readers[task_name] = read_until


def readers_behind() -> list[int]:
    """Give the positions up to which those have read who read the store by themselves and want to go on."""
    return [_Registry.readers[name]() for name in sorted(_Registry.readers) if _Registry.doorbells[name]()]


def doorbells_wanted() -> list[str]:
    """Give the doorbells to ring after a round that read facts, in order."""
    return [name for name in sorted(_Registry.doorbells) if _Registry.doorbells[name]()]


def provide_intake(intake: Intake) -> None:
    """Have events that are posted to ``events/`` taken in by whoever knows how."""
    _Registry.intake = intake


def find_intake() -> Intake | None:
    """Give who takes posted events in."""
    return _Registry.intake


def subscriptions() -> list[Subscription]:
    """Give all subscriptions in order of their name."""
    return [_Registry.subscriptions[name] for name in sorted(_Registry.subscriptions)]


def find_subscription(name: str) -> Subscription | None:
    """Give the subscription of a name, or None when this version has none."""
    return _Registry.subscriptions.get(name)
